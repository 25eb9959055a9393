"""What tests of all parts share."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# A deadline would depend on the machine. Each run draws other examples, so a run needs only some of them.
settings.register_profile("ours", deadline=None)
settings.load_profile("ours")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests that take minutes, too")
    parser.addoption("--seed", default="1", help="the seed of tests that draw what happens, to replay one that failed")


# Bytes that the tests' files may take, those of a whole environment with the package among them.
MIN_FREE_BYTES = 8 * 1024**3


def pytest_configure() -> None:
    """Let commands that tests start hear Ctrl-C, and spare tests what takes long and tells nothing."""
    # A shell makes what it runs in the background deaf to it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Where no server is named nobody speaks TLS, and every client would read the machine's certificates, which takes
    # longer than most tests. What has to reach a package registry finds the user's own choice kept.
    os.environ.setdefault("TESTS_GIVEN_SSL_CERT_FILE", os.environ.get("SSL_CERT_FILE", ""))
    if not any(os.environ.get(name, "").startswith("https:") for name in ("PYPI_TEST_URL", "TYPESENSE_TEST_URL")):
        os.environ["SSL_CERT_FILE"] = ""
    # Every transaction waits for the disk; a process that is killed loses nothing of what it wrote to memory, either.
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MIN_FREE_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


def pytest_xdist_auto_num_workers() -> int:
    """Take one process more than there are CPUs: many tests wait for others, or for a time-out."""
    return 1 + (os.cpu_count() or 1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--slow"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="takes minutes: needs --slow"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have measured (`record_property("measured", text)`), whichever process they ran in."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, ())]
    texts = [text for report in reports for name, text in report.user_properties if name == "measured"]
    if texts:
        terminalreporter.section("measured")
        for text in sorted(texts):
            terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The reference data beside the project; tests that need it are skipped where it is not."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the reference data is not on this machine")
    if os.environ.get("TYPESENSE_RECORDING"):
        pytest.skip("a recording must hold no text of the reference data")
    return folder
