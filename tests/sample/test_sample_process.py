"""The local PyPI as a process of its own, as benchmarks start it."""

import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import msgspec
import pytest

from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.services import LocalPyPI

DOCUMENT = {"info": {"name": "acme"}, "releases": {"1.0": []}, "last_serial": 7}


def test_a_process_serves_a_folder_and_tells_its_address_and_its_counts(tmp_path: Path) -> None:
    (tmp_path / "acme.json").write_bytes(msgspec.json.encode(DOCUMENT))
    command = [sys.executable, "-m", "pyf.aggregator.sample.services", str(tmp_path), "--latency", "0.001"]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            with urlopen(f"{url}/pypi/acme/json", timeout=5) as answer:
                document = msgspec.json.decode(answer.read())
            with urlopen(f"{url}/_requests", timeout=5) as answer:
                counts = msgspec.json.decode(answer.read())
        finally:
            process.terminate()

    assert document["last_serial"] == 7
    assert counts == {"total": 1, "most_at_once": 1, "project": 1}


def test_a_port_that_is_taken_is_an_error_at_once() -> None:
    with LocalPyPI(Ecosystem()) as first:
        port = int(first.url.rpartition(":")[2])

        with pytest.raises(OSError, match=str(port)), LocalPyPI(Ecosystem(), port=port):
            pass
