"""The fields of repositories on GitHub, under the names that documents had before there were other hosts.

Clients of a Typesense server, exports and `pyf show` have them beside the fields of all hosts; the program reads the
latter only. Documents that were stored before have only these.
"""

from collections.abc import Mapping
from typing import Any

from .schema import GITHUB_NAMES

_HOST = "github.com"
_REPOSITORY_NAMES = {github_name: name for name, github_name in GITHUB_NAMES.items()}
# A package without a repository has this field as well.
_CHECKED = "github_checked"


def add_github_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a repository, with those for GitHub if it is there."""
    if fields.get("repository_host") != _HOST:
        return dict(fields)
    return {**fields, **{GITHUB_NAMES[name]: value for name, value in fields.items() if name in GITHUB_NAMES}}


def upgrade_github_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a repository, of which only those for GitHub may be stored."""
    if "repository_checked" in fields or _REPOSITORY_NAMES.keys().isdisjoint(fields):
        return dict(fields)
    upgraded = {name: fields[github_name] for github_name, name in _REPOSITORY_NAMES.items() if github_name in fields}
    has_repository = any(name in fields for name in _REPOSITORY_NAMES if name != _CHECKED)
    return {**({"repository_host": _HOST} if has_repository else {}), **upgraded}
