"""Searching on a server finds what looking at every document finds, in the same order."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from builders import PLONE, collection_state, project_documents
from engines import LEXICON, NOW, STANDARDS
from pyf.aggregator.adapters.index import typesense
from pyf.aggregator.adapters.index.plain_search import PlainSearch
from pyf.aggregator.adapters.index.typesense import Server, Typesense
from pyf.aggregator.domain.schema import DownloadFields, HealthFields, RepositoryFields
from pyf.aggregator.domain.search import Facet, HealthBand, Question, Sort
from typesense_double import ADMIN_KEY, LocalTypesense


@pytest.fixture(scope="module")
def ports() -> Iterator[Typesense]:
    with LocalTypesense() as local, closing(Server([local.url], ADMIN_KEY, patience=1)) as server:
        ports = typesense.on(server, lexicon=LEXICON, standards=STANDARDS, now=lambda: NOW)
        ports.admin.create(PLONE, collection_state(), alias="plone")
        fill(ports)
        yield ports


def fill(ports: Typesense) -> None:
    def put(name: str, summary: str, *keywords: str, versions: tuple[str, ...] = ("1.0",), **more: Any) -> None:
        ports.index.put(PLONE, [project_documents(name, *versions, summary=summary, keywords=keywords, **more)])

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
    return PlainSearch(ports.index, LEXICON, STANDARDS, now=lambda: NOW)


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
    question = Question(text=text, sort=sort)

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
    question = Question(text=text, **chosen)
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

    found = ports.search.pick("plone", names, hidden=frozenset(["plone-api"]))

    assert found == plain.pick("plone", names, hidden=frozenset(["plone-api"]))
    assert [hit.name_normalized for hit in found] == ["plone-restapi", "left"]
