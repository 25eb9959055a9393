"""Read the packages that a file of requirements or a lock file lists.

Supports `requirements.txt` and `constraints.txt`, `pyproject.toml`, `uv.lock`, `poetry.lock`, `pylock.toml`,
`Pipfile`, `Pipfile.lock`, and buildout's `versions.cfg`.
"""

from .model import ListedPackage, PackageList, ReadFile
from .parse import decode_file, parse_requirement_file
from .selection import select_packages

__all__ = ["ListedPackage", "PackageList", "ReadFile", "decode_file", "parse_requirement_file", "select_packages"]
