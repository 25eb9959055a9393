"""Find the format of a file of requirements, and parse it."""

import re
from collections.abc import Callable

from ..errors import Invalid
from .buildout import parse_versions_cfg
from .model import Entries, PackageList, ReadFile, build_package_list
from .requirements_txt import parse_requirements_txt
from .toml_files import parse_lock_file, parse_pipfile, parse_pipfile_lock, parse_pyproject

Parse = Callable[[str, str, ReadFile | None], Entries]


def _read_no_files(parse: Callable[[str, str], Entries]) -> Parse:
    """Return a parser of a format that includes no other files."""
    return lambda file_name, text, _: parse(file_name, text)


# Files that list packages in a format that is not supported.
_UNSUPPORTED = re.compile(r"(^|/)(setup\.(py|cfg)|environment\.ya?ml|conda-lock\.yml|pixi\.(toml|lock))\Z")

# By the end of the name, and by a line that only such a file has. `^\s*` would read blank lines once for each.
_FORMATS: tuple[tuple[re.Pattern[str], re.Pattern[str], Parse], ...] = (
    (
        re.compile(r"pyproject\.toml\Z"),
        re.compile(r"^[ \t]*\[(project|tool\.[\w.-]+|build-system)\]", re.M),
        parse_pyproject,
    ),
    (
        re.compile(r"(^|[./])pylock(\.[^/]+)?\.toml\Z|(uv|poetry|pdm)\.lock\Z"),
        re.compile(r"^[ \t]*\[\[packages?\]\]", re.M),
        _read_no_files(parse_lock_file),
    ),
    (re.compile(r"Pipfile\.lock\Z"), re.compile(r"\A\s*\{"), _read_no_files(parse_pipfile_lock)),
    (re.compile(r"Pipfile\Z"), re.compile(r"^[ \t]*\[(dev-)?packages\]", re.M), _read_no_files(parse_pipfile)),
    (re.compile(r"\.cfg\Z"), re.compile(r"^\[(versions|buildout)\b", re.M), parse_versions_cfg),
)


# What locations and messages call a text without a file name.
_PASTED = "text"


def decode_file(file_name: str, data: bytes) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 with a byte order mark; raises `Invalid` if it is not text."""
    try:
        text = data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8")
    except UnicodeDecodeError:
        raise Invalid(f"{file_name}: not UTF-8 text") from None
    if "\0" in text:  # UTF-16 without a byte order mark, or a binary file
        raise Invalid(f"{file_name}: not UTF-8 text")
    return text


def parse_requirement_file(file_name: str, text: str, read_file: ReadFile | None = None) -> PackageList:
    """Return the packages that a file lists; a name without a known end is recognized by the content.

    Args:
        read_file: Reads a file that `-r` or `-c` includes; without it, an include is a problem.

    Raises:
        Invalid: The file is not in the format that its name or its content promises.
    """
    text = text.removeprefix("\ufeff")
    if _UNSUPPORTED.search(file_name):
        raise Invalid(f"{file_name}: this format is not supported. Check a requirements or lock file instead")
    for by_name, _, parse in _FORMATS:
        if by_name.search(file_name):
            return build_package_list(parse(file_name, text, read_file))
    location = file_name or _PASTED
    if not file_name.endswith(".txt"):
        for _, by_content, parse in _FORMATS:
            if by_content.search(text):
                return build_package_list(parse(location, text, read_file))
    return build_package_list(parse_requirements_txt(location, text, read_file))
