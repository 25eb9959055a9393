"""The packages that a file lists, and the lines that could not be used."""

from collections.abc import Callable, Iterator

from msgspec import Struct
from msgspec.structs import replace
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from ..documents.project import normalize_name
from ..redaction import Redactor

_REDACTOR = Redactor()

# Bounds for texts that anybody can send: entries of a file, characters of all, and characters of a requirement.
_MAX_ENTRIES, _MAX_SIZE, _MAX_LENGTH = 20_000, 400_000, 10_000

# Returns the text of an included file; raises `Invalid` if it can't be read.
ReadFile = Callable[[str], str]


class ListedPackage(Struct, frozen=True, kw_only=True):
    """A package that a file lists.

    Attributes:
        name: The name as written.
        version: The exact version that the file pins; "" if it allows several.
        specifier: The versions that the file allows, such as ">=2.0"; "" for all.
        marker: The environments that the line is for, as a PEP 508 marker; "" for all.
        source: The URL or path of code that does not come from the package index; "" otherwise.
        location: The file and the line or table, such as "requirements.txt:12".
        length: Characters of the requirement as written.
    """

    name: str
    version: str = ""
    specifier: str = ""
    marker: str = ""
    source: str = ""
    location: str = ""
    length: int = 0

    @property
    def name_normalized(self) -> str:
        """The name as package indexes compare it."""
        return normalize_name(self.name)

    @property
    def is_code(self) -> bool:
        """Whether it is code from a URL or path whose release is not known."""
        return bool(self.source) and not self.version


class PackageList(Struct, frozen=True, kw_only=True):
    """What a file lists: packages in the order of the file, and a line for each part that could not be used."""

    packages: tuple[ListedPackage, ...] = ()
    problems: tuple[str, ...] = ()


# A package, or a line that says what could not be used.
Entries = Iterator[ListedPackage | str]


def build_package_list(entries: Entries) -> PackageList:
    """Collect what a parser yields, without the passwords of its URLs; stop where a file is absurdly long."""
    packages, problems, size = list[ListedPackage](), list[str](), 0
    for entry in entries:
        if len(packages) + len(problems) >= _MAX_ENTRIES or size > _MAX_SIZE:
            problems.append(f"the rest of the file is not read, after {len(packages):,} packages")
            break
        size += len(entry) if isinstance(entry, str) else entry.length + len(entry.marker)
        if isinstance(entry, str):
            problems.append(_REDACTOR.redact(entry))
        else:
            packages.append(replace(entry, source=_REDACTOR.redact(entry.source)) if entry.source else entry)
    return PackageList(packages=tuple(packages), problems=tuple(dict.fromkeys(problems)))


def parse_requirement(text: str, location: str) -> ListedPackage | str:
    """Return the package of a PEP 508 requirement, or a line that says why there is none."""
    try:
        if len(text) > _MAX_LENGTH:
            raise InvalidRequirement
        requirement = Requirement(text)
    except (InvalidRequirement, RecursionError):  # thousands of parentheses
        return f"{location}: not a requirement: {text[:100]}"
    pins = (
        specifier.version
        for specifier in requirement.specifier
        if specifier.operator in ("==", "===") and not specifier.version.endswith(".*")
    )
    return ListedPackage(
        name=requirement.name,
        version=next(pins, ""),
        specifier=str(requirement.specifier),
        marker=str(requirement.marker or ""),
        source=requirement.url or "",
        location=location,
        length=len(text),
    )


def build_pinned_package(
    name: object, version: object, location: str, *, source: str = "", marker: str = ""
) -> ListedPackage | str:
    """Return a package of a lock file, or a line that says what its entry lacks."""
    if not isinstance(name, str) or not name:
        return f"{location}: an entry without a name"
    if not isinstance(version, str) or not version:
        if source:
            return ListedPackage(name=name, source=source, marker=marker, location=location)
        return f"{location}: {name} has no version"
    try:
        Version(version)
    except InvalidVersion:
        return f"{location}: {name} has an invalid version: {version[:100]}"
    return ListedPackage(
        name=name, version=version, specifier=f"=={version}", source=source, marker=marker, location=location
    )
