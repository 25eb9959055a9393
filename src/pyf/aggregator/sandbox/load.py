"""Load project documents from files of several formats, in the format of PyPI's JSON.

Filler projects exist in the simple index only: they make it as large as the real one.
"""

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from packaging.utils import canonicalize_name

from .project import STATUSES, Json, parse_project
from .yaml_format import SampleDataError, parse_yaml_projects


def load_sample_documents() -> Iterator[Json]:
    """Yield the documents of the sample ecosystem."""
    return load_documents(Path(__file__).with_name("data"))


def load_documents(path: Path) -> Iterator[Json]:
    """Yield the project documents of a file, or of all files of a folder in the order of their names.

    `*.json` has one document, `*.jsonl` and `*.jsonl.gz` one per line, `*.yaml` has the short form. A repeated project
    must be identical, and is yielded once.

    Raises:
        SampleDataError: A file can't be read; the text names it.
    """
    known_documents: dict[str, tuple[Path, bytes]] = {}
    for file in _find_files(path):
        for document in _read_documents(file):
            name = canonicalize_name(document["info"]["name"])
            content = blake2b(msgspec.json.encode(document, order="deterministic"), digest_size=16).digest()
            if name not in known_documents:
                known_documents[name] = file, content
                yield document
            elif known_documents[name][1] != content:
                raise SampleDataError(f"{file}: {name} differs from what {known_documents[name][0]} says about it")


def _find_files(path: Path) -> list[Path]:
    if path.is_file():
        if _get_reader(path) is None:
            raise SampleDataError(f"{path}: not a file of project documents (*.json, *.jsonl, *.jsonl.gz, *.yaml)")
        return [path]
    if not path.is_dir():
        raise SampleDataError(f"{path}: no such file or folder")
    files = sorted(file for file in path.iterdir() if file.is_file() and _get_reader(file))
    if not files:
        raise SampleDataError(f"{path}: no project documents (*.json, *.jsonl, *.jsonl.gz, *.yaml)")
    return files


def _get_reader(path: Path) -> Callable[[Path], Iterable[Any]] | None:
    return next((read for ending, read in _READERS.items() if path.name.endswith(ending)), None)


def _read_documents(file: Path) -> Iterator[Json]:
    read = _get_reader(file)
    assert read is not None, "chosen by its ending"
    document_count = 0
    try:
        for document in read(file):
            _validate_document(document)
            yield document
            document_count += 1
    except (OSError, EOFError, zlib.error, msgspec.DecodeError, UnicodeDecodeError, SampleDataError) as error:
        position = f" (document {document_count + 1})" if document_count else ""
        raise SampleDataError(f"{file}{position}: {' '.join(str(error).split())}") from error


def _validate_document(document: Any) -> None:
    """Check a document, so that a mistake is reported with the project's name."""
    if not isinstance(document, dict) or not isinstance(document.get("info"), dict):
        raise SampleDataError("not a project document: there is no `info`")
    if not isinstance(document["info"].get("name"), str):
        raise SampleDataError("not a project document: `info` has no name")
    if document.get("_status") not in (None, *STATUSES):
        raise SampleDataError(f"{document['info']['name']}: `_status` must be one of {', '.join(STATUSES)}")
    try:
        parse_project(document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        name = document["info"]["name"]
        raise SampleDataError(f"{name}: not in the shape of PyPI's JSON: {type(error).__name__}: {error}") from error


def _read_json(file: Path) -> Iterable[Any]:
    return [msgspec.json.decode(file.read_bytes())]


def _read_json_lines(file: Path) -> Iterator[Any]:
    with gzip.open(file) if file.name.endswith(".gz") else file.open("rb") as lines:
        for line in lines:
            if line.strip():
                yield msgspec.json.decode(line)


def _read_yaml(file: Path) -> Iterable[Any]:
    return parse_yaml_projects(file.read_text("utf-8"))


_READERS: dict[str, Callable[[Path], Iterable[Any]]] = {
    ".json": _read_json,
    ".jsonl": _read_json_lines,
    ".jsonl.gz": _read_json_lines,
    ".yaml": _read_yaml,
}


_WORDS = """
api app async auth azure bot cache chart cli client cloud core data db django easy fast file form game geo graph http
image json kit lang ledger log mail math model my net neural open parse plot py queue rest robot sdk search shell simple
sql stream super table task test text tiny tool utils video vision web wiki x yaml zip
""".split()  # noqa: SIM905 - a list would be a page long


def build_index_entries(count: int, *, serial: int = 1) -> bytes:
    """Return entries of the simple index as JSON, each followed by a comma; the same ones every time.

    The names resemble real ones; each has a number, so that it is unique. Some start like names of Django's ecosystem.
    """
    return b"".join(b'{"_last-serial":%d,"name":"%b"},' % (serial, name.encode()) for name in generate_names(count))


def generate_names(count: int) -> Iterator[str]:
    """Yield `count` normalized names."""
    rng = Random(1)  # noqa: S311 - must be the same every time
    for number in range(count):
        words = "-".join(rng.choices(_WORDS, k=rng.choice((1, 2, 2, 3))))
        yield f"{words}-{number:x}"
