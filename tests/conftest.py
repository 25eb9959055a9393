"""Options, environment and fixtures of all tests."""

import gc
import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# A deadline would depend on the machine. Each run draws other examples, so a run needs only some of them.
settings.register_profile("ours", max_examples=50, deadline=None)
settings.load_profile("ours")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run also the tests that take minutes")
    parser.addoption("--seed", default="1", help="seed of random tests, to replay a failure")


# The files of all tests, an installed environment among them.
MIN_FREE_BYTES = 8 * 1024**3


def pytest_configure() -> None:
    """Let started commands receive Ctrl-C, keep TLS setup out of tests, and put temporary files into memory."""
    # A shell lets its background processes ignore it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Each client would read the machine's certificates, which takes longer than most tests. Tests that install packages
    # use the original value.
    os.environ.setdefault("TESTS_GIVEN_SSL_CERT_FILE", os.environ.get("SSL_CERT_FILE", ""))
    if not any(os.environ.get(name, "").startswith("https:") for name in ("PYPI_TEST_URL", "TYPESENSE_TEST_URL")):
        os.environ["SSL_CERT_FILE"] = ""
    # A transaction waits for the disk. Files in memory survive a killed process, too.
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MIN_FREE_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


def pytest_xdist_auto_num_workers() -> int:
    """Use one process more than there are CPUs, because many tests wait for other processes or a timeout."""
    return 1 + (os.cpu_count() or 1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--slow"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="takes minutes: needs --slow"))


def pytest_collection_finish() -> None:
    """Exclude modules and collected tests from garbage collection, which takes 8 % of the time otherwise."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the texts that tests recorded with `record_property("measured", text)`, in any process."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, ())]
    texts = [text for report in reports for name, text in report.user_properties if name == "measured"]
    if texts:
        terminalreporter.section("measured")
        for text in sorted(texts):
            terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of the reference data, which is next to the project; without it, the test is skipped."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the reference data is not on this machine")
    if os.environ.get("TYPESENSE_RECORDING"):
        pytest.skip("a recording must hold no text of the reference data")
    return folder
