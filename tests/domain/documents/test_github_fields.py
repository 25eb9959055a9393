"""Fields of repositories on GitHub under both of their names, and documents that have only the older ones."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import to_builtins

from pyf.aggregator.adapters.encoding import decode_repository_fields
from pyf.aggregator.adapters.typesense.serialization import OwnerWrite, to_enrichments
from pyf.aggregator.domain.documents.document import Enrichments
from pyf.aggregator.domain.documents.github_fields import add_github_fields, upgrade_github_fields
from pyf.aggregator.domain.documents.schema import GITHUB_NAMES, Owner, RepositoryFields

STORED = {
    "github_url": "https://github.com/o/a",
    "github_stars": 5,
    "github_topics": ["cms"],
    "github_checked": 9,
}
FIELDS = RepositoryFields(
    repository_host="github.com",
    repository_url="https://github.com/o/a",
    repository_stars=5,
    repository_topics=("cms",),
    repository_checked=9,
)


def test_github_repository_has_both_names() -> None:
    fields = add_github_fields(to_builtins(FIELDS))

    assert {name: fields[name] for name in STORED} == {**STORED, "github_topics": ("cms",)}
    assert fields["repository_stars"] == 5


def test_other_repository_has_no_github_names() -> None:
    fields = {"repository_host": "codeberg.org", "repository_stars": 5}

    assert add_github_fields(fields) == fields


def test_older_document_is_read() -> None:
    line = b'{"name":"a","github_url":"https://github.com/o/a","github_stars":5,"github_topics":["cms"],"github_checked":9}'

    assert decode_repository_fields(line) == FIELDS
    assert decode_repository_fields(line.decode()) == FIELDS


def test_older_document_without_repository_has_no_host() -> None:
    assert decode_repository_fields(b'{"github_checked":9}') == RepositoryFields(repository_checked=9)


@given(st.dictionaries(st.sampled_from([*GITHUB_NAMES]), st.integers(), min_size=1))
def test_upgrade_reverses_github_names(fields: dict[str, int]) -> None:
    fields = {"repository_host": "github.com", "repository_checked": 1, "repository_stars": 2} | fields
    added = add_github_fields(fields)

    only_github = {name: value for name, value in added.items() if name.startswith("github_")}
    assert upgrade_github_fields(only_github) == fields
    assert upgrade_github_fields(added) == added


def test_older_document_on_typesense_is_read() -> None:
    writes = {Owner.REPOSITORY: OwnerWrite(7, dict(STORED))}

    assert to_enrichments(writes) == Enrichments(repository=FIELDS)
