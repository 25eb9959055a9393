"""The built package: installed into an empty environment, and tested with the documented commands."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.load import load_sample_documents
from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.settings import SETTINGS

ROOT = Path(__file__).parents[1]
NOT_CHECKED_IN = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "uv.lock", "*.sqlite3*")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not on this machine"),
]


def run_command(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command with nothing of this environment's Python in the way; return what it printed."""
    own_variables = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", *(name.upper() for name in SETTINGS)}
    env = {name: value for name, value in os.environ.items() if name not in own_variables} | environment
    env["SSL_CERT_FILE"] = env.pop("TESTS_GIVEN_SSL_CERT_FILE")  # packages come from elsewhere
    if not env["SSL_CERT_FILE"]:
        del env["SSL_CERT_FILE"]
    completed = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=600)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, to be built and tested in without touching this one."""
    folder = tmp_path_factory.mktemp("checkout") / "pyf.aggregator"
    shutil.copytree(ROOT, folder, ignore=NOT_CHECKED_IN)
    return folder


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run_command("uv", "build", "--wheel", "--out-dir", folder, cwd=checkout)
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_contents(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()

    source_files = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*") if path.is_file()}
    packaged = {name for name in names if ".dist-info/" not in name}
    assert packaged == {name for name in source_files if "__pycache__" not in name and ".egg-info" not in name}
    assert {
        "pyf/aggregator/profiles.yaml",
        "pyf/aggregator/py.typed",
        "pyf/aggregator/sandbox/data/plone.yaml",
    } <= packaged


def test_wheel_in_empty_environment(wheel: Path, tmp_path: Path) -> None:
    run_command("uv", "venv", tmp_path / "venv", cwd=tmp_path)
    run_command("uv", "pip", "install", "--python", tmp_path / "venv", wheel, cwd=tmp_path)
    commands = tmp_path / "venv" / "bin"

    assert "--refresh-from-pypi" in run_command(commands / "pyfaggregator", "--help", cwd=tmp_path)
    with subprocess.Popen([commands / "pyfdemo", "--serve"], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as demo:
        try:
            assert demo.stdout is not None
            output = "".join(iter(demo.stdout.readline, "  pyf fetch -p plone\n"))
            settings = dict(re.findall(r"export (\w+)=(\S+)", output))
            fetched = run_command(commands / "pyfaggregator", "-f", "-p", "fastapi", "--json", cwd=tmp_path, **settings)
        finally:
            demo.terminate()
    assert json.loads(fetched)["indexed"] > 5


@pytest.mark.parametrize("source", ["checkout", "wheel"])
def test_install_as_tool(source: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    tools = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}

    run_command("uv", "tool", "install", request.getfixturevalue(source), cwd=tmp_path, **tools)

    with LocalPyPI(FakeRegistry(load_sample_documents())) as pypi:
        settings = {"PYPI_BASE_URL": pypi.url, "SQLITE_PATH": str(tmp_path / "index.sqlite3")}
        report = run_command(
            tmp_path / "bin" / "pyfaggregator", "-f", "-p", "fastapi", "--json", cwd=tmp_path, **settings
        )
    assert json.loads(report)["indexed"] > 5


def test_documented_test_commands(checkout: Path) -> None:
    run_command("uv", "sync", "--extra", "test", cwd=checkout)

    for line in ("tests/test_fetcher.py -v", "tests/test_fetcher.py --no-cov"):
        assert re.search(r"\d+ passed", run_command("uv", "run", "pytest", *line.split(), cwd=checkout))
    without = run_command(
        "uv", "run", "pytest", "-m", "not integration", "tests/test_fetcher.py", "tests/integration", cwd=checkout
    )
    assert re.search(r"\d+ passed, \d+ deselected", without)


def test_integration_tests_use_server_setting(checkout: Path) -> None:
    line = ("uv", "run", "--extra", "test", "pytest", "-m", "integration", "-v")

    with LocalPyPI(FakeRegistry(load_sample_documents())) as pypi:
        ran = run_command(*line, cwd=checkout, PYPI_TEST_URL=pypi.url)
    skipped = run_command(*line, cwd=checkout, PYPI_TEST_URL="")

    assert re.search(r"[1-9]\d* passed", ran)
    assert "skipped" not in ran.splitlines()[-1]
    assert "passed" not in skipped.splitlines()[-1]
