"""What replaces a package that has ended: by its own words, its metadata, and the curated list."""

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from pyf.aggregator.config.replacements import load_replacements
from pyf.aggregator.domain.documents.project import normalize_name
from pyf.aggregator.domain.documents.schema import RegistryFields, RepositoryFields
from pyf.aggregator.domain.documents.successor import find_successor
from pyf.aggregator.domain.replacement import Replacement, find_replacement
from support.builders import build_fields

ACTIVE = build_fields("flask-thing", "1.0")


def with_texts(summary: str = "", chapter: str = "") -> RegistryFields:
    return replace(ACTIVE, summary=summary, title=UNSET, first_chapter=chapter or UNSET)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("DEPRECATED in favor of django-filter.", "django-filter"),
        ("This package is deprecated and archived, in favour of `plone.api`", "plone.api"),
        ("Superseded by Flask-RESTX", "Flask-RESTX"),
        ("The project has been renamed to bootstrap-flask.", "bootstrap-flask"),
        ("It was replaced by the new collective.easyform package", "collective.easyform"),
        ("Please use [drf-spectacular] instead", "drf-spectacular"),
        ("Merged into fastapi-users, which has it built in", "fastapi-users"),
    ],
)
def test_successor_is_found_in_summary_and_readme(text: str, name: str) -> None:
    for document in (with_texts(summary=text), with_texts(chapter=f"flask-thing\n{text}\nMore text.")):
        successor = find_successor(document)
        assert successor is not None
        assert successor.name == name
        assert name in successor.statement


@pytest.mark.parametrize(
    "text",
    [
        "Finds deprecated functions in your code",
        "Stores sessions in redis",
        "Deprecated in favor of flask-thing 2",
        "Values are replaced by it",
        "Replaces all tabs",
    ],
)
def test_other_texts_name_no_successor(text: str) -> None:
    assert find_successor(with_texts(summary=text)) is None


def test_active_package_has_no_replacement() -> None:
    assert find_replacement(ACTIVE, RepositoryFields(repository_archived=False)) is None


@pytest.mark.parametrize(
    ("document", "repository", "reason"),
    [
        (replace(ACTIVE, project_status="deprecated"), UNSET, "PyPI lists it as deprecated"),
        (replace(ACTIVE, project_status="archived"), UNSET, "PyPI lists it as archived"),
        (
            replace(ACTIVE, classifiers=("Development Status :: 7 - Inactive",)),
            UNSET,
            'it has the classifier "Development Status :: 7 - Inactive"',
        ),
        (ACTIVE, RepositoryFields(repository_archived=True), "its repository is archived"),
        (
            with_texts(chapter="This package is no longer maintained."),
            UNSET,
            "its README says: This package is no longer maintained",
        ),
    ],
)
def test_reason_is_the_strongest_sign(document: RegistryFields, repository: RepositoryFields, reason: str) -> None:
    assert find_replacement(document, repository) == Replacement(reason=reason)


def test_status_and_text_are_combined() -> None:
    document = replace(with_texts(summary="Superseded by flask-other"), project_status="deprecated")

    assert find_replacement(document) == Replacement(name="flask-other", reason="PyPI lists it as deprecated")


def test_curated_entry_has_the_last_word() -> None:
    curated = {"flask-thing": Replacement(name="flask-new", reason="its author says so")}

    assert find_replacement(with_texts(summary="Superseded by flask-other"), UNSET, curated) == curated["flask-thing"]


def test_curated_file_is_sorted_without_self_successors() -> None:
    replacements = load_replacements()

    assert list(replacements) == sorted(replacements)
    for name, replacement in replacements.items():
        assert replacement.reason
        assert not replacement.reason.endswith(".")
        assert normalize_name(replacement.name) != name
        assert normalize_name(replacement.name) not in replacements
