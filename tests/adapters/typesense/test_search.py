"""Searching on a server finds what looking at every document finds, in the same order."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from pyf.aggregator.adapters import typesense
from pyf.aggregator.adapters.typesense import Server, Typesense
from pyf.aggregator.adapters.typesense.search_filters import asked, everywhere, in_head
from pyf.aggregator.domain.documents.schema import DownloadFields, HealthFields, RepositoryFields
from pyf.aggregator.domain.errors import NotFound
from pyf.aggregator.domain.relevance import parse_query
from pyf.aggregator.domain.search import Facet, HealthBand, SearchQuery, Sort
from pyf.aggregator.testing.reference_search import PlainSearch
from support.builders import PLONE, build_project, build_state
from support.index_engines import LEXICON, NOW, SCORING_CONFIG
from support.typesense_fake import ADMIN_KEY, LocalTypesense


@pytest.fixture(scope="module")
def ports() -> Iterator[Typesense]:
    with LocalTypesense() as local, closing(Server([local.url], ADMIN_KEY, patience=1)) as server:
        ports = typesense.on(server, lexicon=LEXICON, standards=SCORING_CONFIG, now=lambda: NOW)
        ports.admin.create(PLONE, build_state(), alias="plone")
        fill_index(ports)
        yield ports


def fill_index(ports: Typesense) -> None:
    def put(name: str, summary: str, *keywords: str, versions: tuple[str, ...] = ("1.0",), **more: Any) -> None:
        ports.index.put(PLONE, [build_project(name, *versions, summary=summary, keywords=keywords, **more)])

    put(
        "plone.api",
        "An easy API for Plone",
        "api",
        framework_versions=("Plone 6.0",),
        license_expression="GPL-2.0-only",
    )
    put("plone.restapi", "RESTful hypermedia API for Plone", "rest", "api", framework_versions=("Plone 6.0",))
    put("django-debug-toolbar", "A configurable set of panels for debugging", framework_versions=("Django 5.0",))
    put("djangorestframework", "Web APIs for Django, made easy", maintainers=("ada", "bob"))
    put("django-ratelimit", "Cache-based rate-limiting for Django", "rate", "limit", upload_timestamp=NOW - 86_400)
    put("collective.easyform", "Forms through the web", "form", "wysiwyg")
    put("collective.richtext", "A rich text editor", "editor")
    put("left", "An easy API", project_status="archived")
    put("bad.api", "An easy API", project_status="quarantined")
    put("needs.api", "Uses another one", requires_dist=("plone.api>=1.0", 'plone.restapi; extra == "test"'))
    ports.index.update(PLONE, {"plone-restapi": DownloadFields(download_last_month=900)})
    ports.index.update(PLONE, {"plone-api": DownloadFields(download_last_month=90)})
    ports.index.update(PLONE, {"needs-api": DownloadFields(download_last_month=9)})
    ports.index.update(PLONE, {"plone-api": HealthFields(health_score=90), "left": HealthFields(health_score=10)})
    ports.index.update(PLONE, {"plone-api": RepositoryFields(github_stars=5, github_topics=("hypercube",))})


@pytest.fixture(scope="module")
def plain(ports: Typesense) -> PlainSearch:
    return PlainSearch(ports.index, LEXICON, SCORING_CONFIG, now=lambda: NOW)


TEXTS = [
    "",
    "plone.api",
    "api",
    "easy api",
    "rest api for django",
    "debugtoolbar",
    "restframework",
    "restframwork",
    "djagno debug",
    "drf",
    "rate limiting",
    "limits",
    "wysiwyg",
    "hypercube",
    "colle",
    "p",
    "!!!",
    "a" * 10_000,
    "`:=[x]` && id:!=1 || (",
    "‮txet \x00\x1f \udc80",
    "two factor authentication otp api rest editor form rate panel",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("sort", Sort)
def test_an_answer_is_that_of_looking_at_everything(
    ports: Typesense, plain: PlainSearch, text: str, sort: Sort
) -> None:
    question = SearchQuery(text=text, sort=sort)

    assert ports.search.search("plone", question) == plain.search("plone", question)


FILTERS: list[dict[str, Any]] = [
    {"framework_versions": ("Plone 6.0",)},
    {"framework_versions": ("Plone 6.0", "Django 5.0"), "licenses": ("GPL-2.0-only",)},
    {"maintainers": ("bob", "nobody")},
    {"health": (HealthBand.UNKNOWN,)},
    {"health": (HealthBand.EXCELLENT, HealthBand.POOR)},
    {"statuses": ("archived", "active")},
    {"statuses": ("quarantined",)},
    {"updated_within": 2},
    {"classifiers": ("Framework :: None",)},
    {"python_versions": ("!", "`")},
]


@pytest.mark.parametrize("chosen", FILTERS, ids=lambda chosen: "+".join(chosen))
@pytest.mark.parametrize("text", ["", "api"])
def test_filters_and_counts_are_those_of_looking_at_everything(
    ports: Typesense, plain: PlainSearch, text: str, chosen: dict[str, Any]
) -> None:
    question = SearchQuery(text=text, **chosen)
    hidden = frozenset(["plone-restapi"])

    found = ports.search.search("plone", question, hidden=hidden)

    assert found == plain.search("plone", question, hidden=hidden)
    assert found.facets.keys() == set(Facet)


@pytest.mark.parametrize("text", ["plone", "api", "rest", "restframwork", "e", "django-deb", "", "!!", "toolbra"])
def test_suggestions_are_those_of_looking_at_everything(ports: Typesense, plain: PlainSearch, text: str) -> None:
    assert ports.search.suggest("plone", text, limit=3) == plain.suggest("plone", text, limit=3)


@pytest.mark.parametrize("name", ["plone.api", "collective.easyform", "nobody", "needs.api"])
def test_what_is_like_a_project_and_needs_it_is_what_looking_at_everything_finds(
    ports: Typesense, plain: PlainSearch, name: str
) -> None:
    for ask in ("similar", "dependents"):
        found = getattr(ports.search, ask)("plone", name, limit=5, hidden=frozenset(["left"]))
        assert found == getattr(plain, ask)("plone", name, limit=5, hidden=frozenset(["left"])), ask


def test_named_projects_come_in_their_order(ports: Typesense, plain: PlainSearch) -> None:
    names = ["plone-restapi", "nobody", "bad-api", "left", "plone-api", "left"]

    found = ports.search.get_hits("plone", names, hidden=frozenset(["plone-api"]))

    assert found == plain.get_hits("plone", names, hidden=frozenset(["plone-api"]))
    assert [hit.name_normalized for hit in found] == ["plone-restapi", "left"]


@pytest.fixture
def local() -> Iterator[LocalTypesense]:
    with LocalTypesense() as local:
        yield local


@pytest.fixture
def own(local: LocalTypesense) -> Iterator[Typesense]:
    """A server of a test's own, with an empty collection."""
    with closing(Server([local.url], ADMIN_KEY, patience=1)) as server:
        ports = typesense.on(server, lexicon=LEXICON, standards=SCORING_CONFIG, now=lambda: NOW)
        ports.admin.create(PLONE, build_state(), alias="plone")
        yield ports


def search_names(ports: Typesense, **query_fields: Any) -> list[str]:
    return [hit.name for hit in ports.search.search("plone", SearchQuery(**query_fields)).hits]


def test_whoever_leafs_through_hundreds_sees_each_once_whatever_comes_first(own: Typesense) -> None:
    """More than are put in order here: the rest follows as the server orders it."""
    packages = [build_project(f"package-{number}", summary="An easy API") for number in range(420)]
    own.index.put("plone", packages)
    own.index.update("plone", {f"package-{n}": DownloadFields(download_last_month=n) for n in range(0, 420, 2)})

    for question in ({"text": "api"}, {}, {"sort": Sort.DOWNLOADS}):
        seen = [name for page in range(1, 11) for name in search_names(own, **question, page=page, per_page=50)]
        assert len(seen) == len(set(seen)) == 420
        assert search_names(own, **question, page=11, per_page=50) == []
    assert len(search_names(own, per_page=300)) == 300


def test_what_an_older_version_of_this_program_has_written_is_found(local: LocalTypesense, own: Typesense) -> None:
    """It did not write out what is searched; the first search does."""
    own.index.put("plone", [build_project("plone.api", "1.0", "2.0", summary="Easy")])
    collection = local.store.collection("plone")
    collection.fields = [field for field in collection.fields if not field["name"].startswith("search_")]
    for document in collection.documents.values():
        for name in [name for name in document if name.startswith("search_")]:
            del document[name]
    collection._exact.clear()

    assert search_names(own, text="easy") == ["plone.api"]
    assert sum("search_terms" in document for document in collection.documents.values()) == 1


def test_only_the_newest_release_carries_what_is_searched(local: LocalTypesense, own: Typesense) -> None:
    own.index.put("plone", [build_project("plone.api", "1.0", summary="difficult")])

    own.index.put("plone", [build_project("plone.api", "1.0", "2.0", summary="easy")])

    versions = [d["version"] for d in local.store.collection("plone").documents.values() if "search_terms" in d]
    assert versions == ["2.0"]
    assert (search_names(own, text="easy"), search_names(own, text="difficult")) == (["plone.api"], [])


def test_what_the_repository_says_it_is_about_is_searched_when_it_is_known(own: Typesense) -> None:
    own.index.put("plone", [build_project("plone.api", "1.0", "2.0")])
    assert search_names(own, text="hypercube") == []

    own.index.update("plone", {"plone-api": RepositoryFields(github_topics=("hypercube",))})

    assert search_names(own, text="hypercube") == ["plone.api"]


def test_a_search_goes_on_in_the_collection_that_takes_the_others_place(own: Typesense) -> None:
    own.index.put("plone", [build_project("old")])
    assert search_names(own) == ["old"]
    own.admin.create("plone-2", build_state())
    own.index.put("plone-2", [build_project("new")])

    own.admin.set_alias("plone", "plone-2")
    own.admin.drop(PLONE)

    assert search_names(own, text="new") == ["new"]
    with pytest.raises(NotFound):
        own.search.search("nowhere", SearchQuery())


def test_filters_have_no_more_operators_than_the_server_takes() -> None:
    words = ("otp", "sso", "cms", "rate limiting", "rich text", "audit log", "i18n", "seo", "geo", "api", "rest", "drf")

    for values in range(1, len(words) + 1):
        query = parse_query(" ".join(words[:values]), LEXICON, document_frequency=lambda stem: 0.001)
        assert query is not None
        filters = (asked(query, {}, {}), everywhere(query, {}, {}), in_head(query, {}, {}))
        assert max(clause.count(" && ") + clause.count(" || ") for clause in filters) < 90
