# Needs python3 (3.11 or newer) and make; everything else is installed into .venv.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
RUNTIME = $(VENV)/.runtime
PIP ?= $(BIN)/python -m pip install --quiet --disable-pip-version-check
ENGINE = .clickhouse/.ready

# Programs that are started often must not be compiled every time, whatever the machine's environment says.
export PYTHONDONTWRITEBYTECODE =

ON_TYPESENSE = (typesense or test_crash_at_request) and not each and not minute and not test_export_memory

.PHONY: demo test test-fast typesense recording check bench relevance docs screenshots slow clickhouse clean pins

demo: $(RUNTIME)  ## Run the whole main job against the sample ecosystem on this machine
	$(BIN)/pyf demo $(ARGS)

test: $(READY)  ## Run all tests except the slow ones
	$(BIN)/python -m pytest -n auto $(ARGS)

test-fast: $(READY)  ## Run the tests that start no process and no server
	$(BIN)/python -m pytest -n auto tests/domain tests/config tests/testing tests/test_fetcher.py tests/test_language.py \
	    tests/test_settings.py $(ARGS)

typesense: $(READY)  ## Run the Typesense tests on the server of TYPESENSE_TEST_URL
	@test -n "$$TYPESENSE_TEST_URL" -a -n "$$TYPESENSE_TEST_KEY" \
	    || { echo "Set TYPESENSE_TEST_URL and TYPESENSE_TEST_KEY to a server that tests may use."; exit 2; }
	$(BIN)/python -m pytest -n auto --dist worksteal --slow -k "$(ON_TYPESENSE)" $(ARGS)

recording: $(READY)  ## Do the same and record what the fake server must answer
	folder=$$(mktemp -d) && TYPESENSE_RECORDING=$$folder $(MAKE) typesense \
	    && PYTHONPATH=tests $(BIN)/python -m support.typesense_fake.recording $$folder && rm -r $$folder

slow: $(READY)  ## Run the tests that kill processes and simulate months
	$(BIN)/python -m pytest -n auto --dist worksteal --slow -m slow $(ARGS)

clickhouse: $(ENGINE)  ## Run our SQL on the embedded ClickHouse engine (needs uv, 530 MB)
	PYTHONPATH=.clickhouse $(BIN)/python -m pytest tests/adapters/downloads/test_clickhouse_engine.py $(ARGS)

check: $(READY)  ## Check lint, spelling, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell tests
	$(BIN)/codespell --dictionary=- --dictionary=docs/plain-english.txt src docs bench *.md
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## Measure speed and memory side by side in one run
	$(BIN)/python -m bench $(ARGS)

relevance: $(READY)  ## Judge the search with known queries; fails below the gates
	$(BIN)/python -m bench.relevance $(ARGS)

docs: $(READY)  ## Generate the reference pages and example.env
	$(BIN)/python docs/generate.py

screenshots: $(READY)  ## Take the README's screenshots (needs Chromium)
	$(BIN)/python docs/screenshots.py

pins:  ## Pin the newest versions of all dependencies with their hashes
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra test --no-header \
	    --output-file requirements.txt pyproject.toml
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --constraint requirements.txt --output-file requirements-run.txt pyproject.toml
	$(PYTHON) .ci/pin_uv.py

# The files are complete, so pip must not resolve again: it would look for extras of packages that are pinned.
$(READY): $(RUNTIME) requirements.txt
	@echo "Installing what the tests need into $(VENV)"
	$(PIP) --require-hashes --no-deps -r requirements.txt
	touch $(READY)

$(RUNTIME): pyproject.toml requirements-run.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	@echo "Installing what the program needs into $(VENV); this takes about a minute"
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes --no-deps -r requirements-run.txt
	$(PIP) --no-deps --editable .
	touch $(RUNTIME)

$(ENGINE): $(READY)
	uv pip install --quiet --python $(BIN)/python --target .clickhouse --no-deps --group clickhouse
	touch $(ENGINE)

clean:  ## Remove everything that was installed and generated
	rm -rf $(VENV) .clickhouse .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
