"""Where an ecosystem's documents come from: files in several forms, all read into the shape of PyPI's JSON."""

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
from packaging.utils import canonicalize_name

from .errors import SampleError
from .expand import expanded
from .project import STATUSES, Json, project_of


def sample_documents() -> Iterator[Json]:
    """Yield the documents of the packaged sample ecosystem."""
    return load(Path(__file__).with_name("data"))


def load(path: Path) -> Iterator[Json]:
    """Yield the project documents of a file, or of all files of a folder in the order of their names.

    `*.json` holds one document, `*.jsonl` and `*.jsonl.gz` one a line, `*.yaml` the sample's own form. A project that
    comes again must be the same: it is yielded once. Raises `SampleError`, naming the file, for what can't be read.
    """
    seen: dict[str, tuple[Path, bytes]] = {}
    for file in _files(path):
        for document in _documents(file):
            name = canonicalize_name(document["info"]["name"])
            content = blake2b(msgspec.json.encode(document, order="deterministic"), digest_size=16).digest()
            if name not in seen:
                seen[name] = file, content
                yield document
            elif seen[name][1] != content:
                raise SampleError(f"{file}: {name} differs from what {seen[name][0]} says about it")


def _files(path: Path) -> list[Path]:
    if path.is_file():
        if _reader(path) is None:
            raise SampleError(f"{path}: not a file of project documents (*.json, *.jsonl, *.jsonl.gz, *.yaml)")
        return [path]
    if not path.is_dir():
        raise SampleError(f"{path}: no such file or folder")
    files = sorted(file for file in path.iterdir() if file.is_file() and _reader(file))
    if not files:
        raise SampleError(f"{path}: no project documents (*.json, *.jsonl, *.jsonl.gz, *.yaml)")
    return files


def _reader(path: Path) -> Callable[[Path], Iterable[Any]] | None:
    return next((read for ending, read in _READERS.items() if path.name.endswith(ending)), None)


def _documents(file: Path) -> Iterator[Json]:
    read = _reader(file)
    assert read is not None, "chosen by its ending"
    done = 0
    try:
        for document in read(file):
            _check(document)
            yield document
            done += 1
    except (OSError, EOFError, zlib.error, msgspec.DecodeError, UnicodeDecodeError, SampleError) as error:
        place = f" (document {done + 1})" if done else ""
        raise SampleError(f"{file}{place}: {' '.join(str(error).split())}") from error


def _check(document: Any) -> None:
    """Make sure that an ecosystem can be built from a document: a small mistake is seen here, by name."""
    if not isinstance(document, dict) or not isinstance(document.get("info"), dict):
        raise SampleError("not a project document: there is no `info`")
    if not isinstance(document["info"].get("name"), str):
        raise SampleError("not a project document: `info` has no name")
    if document.get("_status") not in (None, *STATUSES):
        raise SampleError(f"{document['info']['name']}: `_status` must be one of {', '.join(STATUSES)}")
    try:
        project_of(document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        name = document["info"]["name"]
        raise SampleError(f"{name}: not in the shape of PyPI's JSON: {type(error).__name__}: {error}") from error


def _json(file: Path) -> Iterable[Any]:
    return [msgspec.json.decode(file.read_bytes())]


def _lines(file: Path) -> Iterator[Any]:
    with gzip.open(file) if file.name.endswith(".gz") else file.open("rb") as lines:
        for line in lines:
            if line.strip():
                yield msgspec.json.decode(line)


def _yaml(file: Path) -> Iterable[Any]:
    return expanded(file.read_text("utf-8"))


_READERS: dict[str, Callable[[Path], Iterable[Any]]] = {
    ".json": _json,
    ".jsonl": _lines,
    ".jsonl.gz": _lines,
    ".yaml": _yaml,
}
