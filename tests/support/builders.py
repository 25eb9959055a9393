"""Build valid values, so that a test names only the fields that matter to it."""

from typing import Any

from pyf.aggregator.domain.collection import CollectionState
from pyf.aggregator.domain.documents.project import normalize_name
from pyf.aggregator.domain.documents.schema import INDEXED_FACETS, RegistryFields
from pyf.aggregator.domain.documents.version import parse_version_parts, to_order_key, to_sortable
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.domain.search import SearchQuery, select_values
from pyf.aggregator.ports import ProjectDocuments

PLONE = "plone-1"


def build_fields(name: str = "plone.api", version: str = "2.0.0", **overrides: Any) -> RegistryFields:
    """Return the document of a release with only a name and a version."""
    version_parts = parse_version_parts(version)
    fields: dict[str, Any] = {
        "id": f"{name}-{version}",
        "identifier": f"{name}-{version}",
        "name": name,
        "name_sortable": name,
        "name_normalized": normalize_name(name),
        "version": version,
        "version_raw": version,
        "version_major": version_parts.major,
        "version_minor": version_parts.minor,
        "version_bugfix": version_parts.bugfix,
        "version_postfix": version_parts.postfix,
        "version_sortable": to_sortable(version),
        "is_newest": True,
        "author": "",
        "author_email": "",
        "maintainer": "",
        "maintainer_email": "",
        "summary": "",
        "description": "",
        "description_content_type": "",
        "license": "",
        "license_expression": "",
        "classifiers": (),
        "keywords": (),
        "framework_versions": (),
        "python_versions": (),
        "requires_dist": (),
        "requires_python": "",
        "home_page": "",
        "docs_url": "",
        "bugtrack_url": "",
        "package_url": "",
        "project_url": "",
        "release_url": "",
        "platform": "",
        "project_urls": {},
        "urls": (),
        "upload_timestamp": 0,
        "yanked": False,
        "yanked_reason": "",
        "project_status": "active",
        "maintainers": (),
        "vulnerabilities": (),
        "status_checked": 0,
        "last_serial": 1,
        "composed_with": 1,
    }
    return RegistryFields(**fields | overrides)


def build_project(name: str = "plone.api", *versions: str, **overrides: Any) -> ProjectDocuments:
    """Return a project with these versions (2.0.0 by default); the highest is the newest."""
    newest = max(versions or ("2.0.0",), key=to_order_key)
    return ProjectDocuments(
        name_normalized=normalize_name(name),
        documents=tuple(
            build_fields(name, version, is_newest=version == newest, **overrides) for version in versions or (newest,)
        ),
    )


def build_state(profile: str = "plone", **overrides: Any) -> CollectionState:
    """Return the state of a new collection."""
    return CollectionState(filter=Filter(profile=profile, classifiers=("Framework :: Plone",)), **overrides)


def build_query(**fields: Any) -> SearchQuery:
    """Return a query; the selected values of a facet are given by its name."""
    selected = {name: values for name, values in fields.items() if name in INDEXED_FACETS}
    other_fields = {name: value for name, value in fields.items() if name not in INDEXED_FACETS}
    return SearchQuery(filters=select_values(selected), **other_fields)
