"""The sample's own short form: the YAML in which people write a project down."""

import re
from typing import Literal

import msgspec
import yaml
from msgspec import UNSET, Struct, UnsetType

try:  # libyaml is five times as fast, and not everywhere
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

from .errors import SampleDataError

_Text = str | UnsetType | None
_Texts = list[str] | UnsetType | None


class AdvisoryEntry(Struct, forbid_unknown_fields=True):
    """A published vulnerability; it holds for what is older than the fix."""

    id: str
    aliases: list[str] = []
    fixed_in: list[str] = []
    summary: str | None = None


class ReleaseEntry(Struct, forbid_unknown_fields=True):
    """A release; what is unset of its metadata is as the project has it. `yanked` is a reason or true."""

    version: str
    date: str
    yanked: str | bool | None = None
    files: list[Literal["sdist", "wheel"]] | None = None
    classifiers: _Texts = UNSET
    requires_python: _Text = UNSET
    requires_dist: _Texts = UNSET
    license: _Text = UNSET
    summary: _Text = UNSET


class ProjectEntry(Struct, forbid_unknown_fields=True):
    """A project with its releases, oldest first; what is unset is as PyPI gives it then, null is null."""

    name: str
    releases: list[ReleaseEntry]
    summary: _Text = UNSET
    author: _Text = UNSET
    author_email: _Text = UNSET
    maintainer: _Text = UNSET
    maintainer_email: _Text = UNSET
    license: _Text = UNSET
    license_expression: _Text = UNSET
    keywords: _Text = UNSET
    home_page: _Text = UNSET
    docs_url: _Text = UNSET
    project_urls: dict[str, str] | UnsetType | None = UNSET
    requires_python: _Text = UNSET
    requires_dist: _Texts = UNSET
    classifiers: _Texts = UNSET
    description_content_type: _Text = msgspec.field(default=UNSET, name="content_type")
    description: _Text = msgspec.field(default=UNSET, name="readme")
    maintainers: list[str] | None = None
    status: Literal["active", "archived", "quarantined", "deprecated"] | None = None
    vulnerabilities: list[AdvisoryEntry] | None = None


class _SampleFile(Struct, forbid_unknown_fields=True):
    projects: list[ProjectEntry]
    profile: str = ""
    note: str = ""


class _Loader(SafeLoader):
    """Takes words as they are written: 1.10 is a version and no number, a date is text, "no" is no boolean."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - the name and the form are PyYAML's


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|)$"), ["~", "n", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), ["t", "f"])


def parse_entries(text: str) -> list[ProjectEntry]:
    """Return the projects of a text in the short form; raises `SampleError`."""
    try:
        return msgspec.convert(yaml.load(text, _Loader), _SampleFile).projects  # noqa: S506 - it is a SafeLoader
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise SampleDataError(str(error)) from error
