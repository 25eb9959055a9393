# Needs python3 (3.11 or newer) and make; everything else is installed into .venv.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
PIP ?= $(BIN)/python -m pip install --quiet --disable-pip-version-check
ENGINE = .clickhouse/.ready

# Programs that are started often must not be compiled every time, whatever the machine's environment says.
export PYTHONDONTWRITEBYTECODE =

.PHONY: demo test check bench relevance docs screenshots slow clickhouse clean pins

demo: $(READY)  ## The whole main job against the sample ecosystem, over HTTP on this machine
	$(BIN)/pyfdemo $(ARGS)

test: $(READY)  ## All tests but the slow ones, the layers' contract included
	$(BIN)/python -m pytest -n auto $(ARGS)

slow: $(READY)  ## Kill, load and simulation tests that take minutes
	$(BIN)/python -m pytest -n auto --dist worksteal --slow -m slow $(ARGS)

clickhouse: $(ENGINE)  ## What we ask ClickHouse, on its own engine; needs uv, and 530 MB
	PYTHONPATH=.clickhouse $(BIN)/python -m pytest tests/adapters/downloads/test_clickhouse_engine.py $(ARGS)

check: $(READY)  ## Lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## Speed and memory, measured side by side in one run
	$(BIN)/python -m bench $(ARGS)

relevance: $(READY)  ## The share of judged queries that find what they should; fails below the gates
	$(BIN)/python -m bench.relevance $(ARGS)

docs: $(READY)  ## Make the generated reference pages and example.env anew
	$(BIN)/python docs/generate.py

screenshots: $(READY)  ## Take the README's pictures of the page anew; needs Chromium
	$(BIN)/python docs/screenshots.py

pins:  ## Choose the newest versions of all dependencies and write them down with their hashes
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra test --no-header \
	    --output-file requirements.txt pyproject.toml

# requirements.txt is complete, so pip must not resolve again: it would look for extras of packages that are pinned.
$(READY): pyproject.toml requirements.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes --no-deps -r requirements.txt
	$(PIP) --no-deps --editable .
	touch $(READY)

$(ENGINE): $(READY)
	uv pip install --quiet --python $(BIN)/python --target .clickhouse --no-deps --group clickhouse
	touch $(ENGINE)

clean:  ## Remove what was installed and made
	rm -rf $(VENV) .clickhouse .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
