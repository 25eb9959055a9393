"""An export from a server takes the memory of a few documents, however many there are."""

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from subprocess import PIPE, Popen, run

import pytest

from builders import collection_state, project_documents
from processes import on_linux
from pyf.aggregator.adapters.index import typesense
from pyf.aggregator.adapters.index.typesense import Server, Typesense

pytestmark = [pytest.mark.slow, on_linux]

# Bytes of text in a document, and documents of the small and of the large collection.
TEXT, FEW, MANY = 20_000, 500, 5_000

# KiB that the large one may take more; its documents alone are a hundred thousand.
MORE = 12_000


@pytest.fixture
def address() -> Iterator[list[str]]:
    """A server in a process of its own: its address and its key."""
    tests = str(Path(__file__).parents[1])
    with Popen([sys.executable, "-m", "typesense_double"], stdout=PIPE, text=True, env={"PYTHONPATH": tests}) as served:
        assert served.stdout is not None
        yield served.stdout.readline().split()
        served.kill()


def fill(ports: Typesense, collection: str, documents: int) -> None:
    ports.admin.create(collection, collection_state())
    versions = [f"{number}.0" for number in range(5)]
    for start in range(0, documents, 100):
        names = [f"project-{number}" for number in range(start, start + 100, 5)]
        ports.index.put(collection, [project_documents(name, *versions, description="x" * TEXT) for name in names])


def exported(address: list[str], collection: str) -> tuple[int, int]:
    program = Path(__file__).with_name("typesense_export.py")
    ended = run([sys.executable, program, *address, collection], stdout=PIPE, text=True, check=True)
    count, memory = map(int, ended.stdout.split())
    return count, memory


def test_an_export_takes_no_more_memory_for_ten_times_as_many_documents(address: list[str]) -> None:
    with closing(Server(address[:1], address[1])) as server:
        ports = typesense.on(server)
        fill(ports, "few", FEW)
        fill(ports, "many", MANY)

    (few, little), (many, at_most) = exported(address, "few"), exported(address, "many")

    assert (few, many) == (FEW, MANY)
    assert at_most < little + MORE
