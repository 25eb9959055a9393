"""Select what an installation for a Python gets from the packages that files list."""

from collections.abc import Sequence
from itertools import groupby

from ..membership.requirements import excludes_python
from .model import ListedPackage, PackageList


def select_packages(listed: PackageList, python: str) -> PackageList:
    """Return the packages that apply to a Python, each once.

    If lines differ about a package, a pin precedes a range of versions, and a line with a marker for this Python
    precedes a line without a marker.

    Args:
        python: Such as "3.14"; "" for any.
    """
    packages, problems = list[ListedPackage](), list(listed.problems)
    for package in listed.packages:
        if python and excludes_python(package.marker, python):
            problems.append(f"{package.location}: {package.name} is not for Python {python}")
        else:
            packages.append(package)
    unique = {(p.name_normalized, p.version, p.specifier, p.source): p for p in reversed(packages)}
    by_name = sorted(unique.values(), key=lambda package: package.name_normalized)
    selected = {
        id(package)
        for _, group in groupby(by_name, key=lambda package: package.name_normalized)
        for package in _select_lines(list(group), is_python_known=bool(python))
    }
    return PackageList(
        packages=tuple(package for package in packages if id(package) in selected),
        problems=tuple(dict.fromkeys(problems)),
    )


def _select_lines(lines: Sequence[ListedPackage], *, is_python_known: bool) -> Sequence[ListedPackage]:
    if any(line.version for line in lines):
        lines = [line for line in lines if line.version or line.source]
    if is_python_known and any("python" in line.marker for line in lines):
        lines = [line for line in lines if "python" in line.marker]
    return lines
