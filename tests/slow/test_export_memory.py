"""An export from a server needs the memory of a few documents."""

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from subprocess import PIPE, Popen, run

import pytest

from pyf.aggregator.adapters import typesense
from pyf.aggregator.adapters.typesense import Server, Typesense
from support.builders import build_project, build_state
from support.processes import on_linux

pytestmark = [pytest.mark.slow, on_linux]

# Bytes of text in a document, and documents of the small and of the large collection.
TEXT, FEW, MANY = 20_000, 500, 5_000

# KiB that the large one may take more; its documents alone are a hundred thousand.
MORE = 12_000


@pytest.fixture
def address() -> Iterator[list[str]]:
    """A server in a process of its own: its address and its key."""
    tests = str(Path(__file__).parents[1])
    with Popen(
        [sys.executable, "-m", "support.typesense_fake"], stdout=PIPE, text=True, env={"PYTHONPATH": tests}
    ) as server_process:
        assert server_process.stdout is not None
        yield server_process.stdout.readline().split()
        server_process.kill()


def fill(ports: Typesense, collection: str, documents: int) -> None:
    ports.admin.create(collection, build_state())
    versions = [f"{number}.0" for number in range(5)]
    for start in range(0, documents, 100):
        names = [f"project-{number}" for number in range(start, start + 100, 5)]
        ports.index.put(collection, [build_project(name, *versions, description="x" * TEXT) for name in names])


def measure_export(address: list[str], collection: str) -> tuple[int, int]:
    command = [sys.executable, "-m", "support.slow.measure_export", *address, collection]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    result = run(command, stdout=PIPE, text=True, check=True, env=environment)
    count, memory = map(int, result.stdout.split())
    return count, memory


def test_export_memory_is_constant(address: list[str]) -> None:
    with closing(Server(address[:1], address[1])) as server:
        ports = typesense.build_ports(server)
        fill(ports, "few", FEW)
        fill(ports, "many", MANY)

    (few, little), (many, at_most) = measure_export(address, "few"), measure_export(address, "many")

    assert (few, many) == (FEW, MANY)
    assert at_most < little + MORE
