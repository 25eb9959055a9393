"""The local PyPI as a process, as benchmarks start it."""

import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import msgspec
import pytest

from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.pypi import LocalPyPI

DOCUMENT = {"info": {"name": "acme"}, "releases": {"1.0": []}, "last_serial": 7}


def test_process_serves_folder_and_counts(tmp_path: Path) -> None:
    (tmp_path / "acme.json").write_bytes(msgspec.json.encode(DOCUMENT))
    command = [sys.executable, "-m", "pyf.aggregator.sandbox.pypi", str(tmp_path), "--latency", "0.001"]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            with urlopen(f"{url}/pypi/acme/json", timeout=5) as response:
                document = msgspec.json.decode(response.read())
            with urlopen(f"{url}/_requests", timeout=5) as response:
                counts = msgspec.json.decode(response.read())
        finally:
            process.terminate()

    assert document["last_serial"] == 7
    assert counts == {"total": 1, "most_at_once": 1, "project": 1}


def test_occupied_port_fails_immediately() -> None:
    with LocalPyPI(FakeRegistry()) as first:
        port = int(first.url.rpartition(":")[2])

        with pytest.raises(OSError, match=str(port)), LocalPyPI(FakeRegistry(), port=port):
            pass
