"""Parse `requirements.txt` and `constraints.txt` as pip reads them."""

import posixpath
import re
from collections.abc import Iterator

from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

from ..errors import Invalid
from .model import Entries, ListedPackage, ReadFile, parse_requirement

_COMMENT = re.compile(r"(^|\s)#.*$")
_INCLUDES = ("-r", "--requirement", "-c", "--constraint")
_EDITABLES = ("-e", "--editable")
# Options of a requirement, which follow it on its line.
_LINE_OPTIONS = re.compile(r"\s--(?:hash|global-option|install-option|config-settings?)\b.*$", re.DOTALL)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://|(?:git|hg|svn|bzr)\+|file:", re.IGNORECASE)
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9][A-Za-z0-9._-]*)")
_PATH = re.compile(r"\.{0,2}/|\.{1,2}$|[A-Za-z]:\\|\.{1,2}\\|~")
# Options of pip that name no package.
_OPTIONS = re.compile(
    r"(?:-[if]|--(?:index-url|pypi-url|extra-index-url|no-index|find-links|no-binary|only-binary|prefer-binary|"
    r"require-hashes|pre|trusted-host|use-feature|always-unzip|process-dependency-links))(?=[\s=]|\Z)|-[if]\S"
)
_MAX_DEPTH = 10


def parse_requirements_txt(file_name: str, text: str, read_file: ReadFile | None, depth: int = 0) -> Entries:
    """Yield the packages of a file and of the files that it includes.

    Args:
        read_file: Reads an included file; without it, an include is a problem.
    """
    for number, line in _iter_logical_lines(text):
        location = f"{file_name}:{number}"
        option, _, value = line.replace("=", " ", 1).partition(" ") if line.startswith("--") else line.partition(" ")
        value = value.strip().strip("\"'")
        if line.startswith("-r") and option not in _INCLUDES:  # "-rother.txt"
            option, value = "-r", line[2:]
        if option in _INCLUDES:
            yield from read_included_file(file_name, value, location, read_file, depth)
        elif option in _EDITABLES:
            yield _parse_source(value, location)
        elif line.startswith("-"):
            if not _OPTIONS.match(line):
                yield f"{location}: not an option of pip: {option[:100]}"
        elif _URL.match(line) or _PATH.match(line) or line.endswith((".whl", ".tar.gz", ".zip")):
            yield _parse_source(_LINE_OPTIONS.sub("", line), location)
        else:
            yield parse_requirement(_LINE_OPTIONS.sub("", line), location)


def _iter_logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the number and the text of each line: continued lines joined, without comments and blank lines."""
    start, parts = 0, list[str]()
    for number, raw_line in enumerate([*text.splitlines(), ""], start=1):
        start = start if parts else number
        is_comment = raw_line.lstrip().startswith("#")
        if raw_line.endswith("\\") and not is_comment:
            parts.append(raw_line[:-1])
            continue
        parts.append(raw_line)
        line = _COMMENT.sub("", " ".join(parts)).strip()
        parts.clear()
        if line:
            yield start, line


def read_included_file(
    file_name: str, value: str, location: str, read_file: ReadFile | None, depth: int = 0
) -> Entries:
    """Yield the packages of a file that another one includes, or a line that says why it is not read."""
    if read_file is None:
        yield f"{location}: {value} is another file. Check it, too"
        return
    if depth >= _MAX_DEPTH:
        yield f"{location}: {value} is included more than {_MAX_DEPTH} levels deep, or includes itself"
        return
    if _URL.match(value):
        yield f"{location}: {value} is not read: included files must be local"
        return
    path = posixpath.normpath(posixpath.join(posixpath.dirname(file_name), value.replace("\\", "/")))
    try:
        text = read_file(path)
    except Invalid as error:
        yield f"{location}: {error}"
        return
    yield from parse_requirements_txt(path, text, read_file, depth + 1)


def _parse_source(text: str, location: str) -> ListedPackage | str:
    """Return the package of a URL or path, or a line that says that its name is not known."""
    address, _, marker = text.partition(" ; ")
    source = address.partition(" @ ")[2] or address
    name, version = _find_name(address)
    if not name:
        return f"{location}: the name of the package is not known: {source.strip()[:100]}"
    return ListedPackage(name=name, version=version, marker=marker.strip(), source=source.strip(), location=location)


def _find_name(address: str) -> tuple[str, str]:
    """Return the name and the version of the package at a URL or path, or "" for what it does not say."""
    if egg := _EGG.search(address):
        return egg[1], ""
    if " @ " in address:
        return address.partition(" @ ")[0].partition("[")[0].strip(), ""
    file_name = re.split(r"[#?]", address.strip())[0].rstrip("/").rpartition("/")[2]
    try:
        if file_name.endswith(".whl"):
            name, version, *_ = parse_wheel_filename(file_name)
        else:
            name, version = parse_sdist_filename(file_name)
    except (InvalidWheelFilename, InvalidSdistFilename):
        return "", ""
    return name, str(version)
