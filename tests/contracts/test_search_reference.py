"""Every engine returns the results and the order of the reference search, which reads every document."""

from itertools import product
from typing import Any

import pytest

from pyf.aggregator.domain.documents.facets import HealthBand
from pyf.aggregator.domain.documents.schema import INDEXED_FACETS, DownloadFields, HealthFields, RepositoryFields
from pyf.aggregator.domain.errors import NotFound
from pyf.aggregator.domain.search import SearchQuery, Sort
from pyf.aggregator.ports import IndexAdmin, PackageIndex, SearchEngine
from pyf.aggregator.testing.reference_search import ReferenceSearch
from support.builders import PLONE, build_project, build_query
from support.index_engines import LEXICON, NOW, SCORING_CONFIG

pytestmark = pytest.mark.usefixtures("plone_collection")


@pytest.fixture
def packages(index: PackageIndex, plone_collection: None) -> None:
    def put(name: str, summary: str, *keywords: str, versions: tuple[str, ...] = ("1.0",), **more: Any) -> None:
        index.put(PLONE, [build_project(name, *versions, summary=summary, keywords=keywords, **more)])

    put(
        "plone.api",
        "An easy API for Plone",
        "api",
        framework_versions=("Plone 6.0",),
        license_expression="GPL-2.0-only",
    )
    put(
        "plone.restapi",
        "RESTful hypermedia API for Plone",
        "rest",
        "api",
        framework_versions=("Plone 6.0",),
        python_versions=("Python 3.12",),
        supported_python_versions=("Python 3.12", "Python 3.13"),
    )
    put("django-debug-toolbar", "A configurable set of panels for debugging", framework_versions=("Django 5.0",))
    put("djangorestframework", "Web APIs for Django, made easy", maintainers=("ada", "bob"))
    put("django-ratelimit", "Cache-based rate-limiting for Django", "rate", "limit", upload_timestamp=NOW - 86_400)
    put("collective.easyform", "Forms through the web", "form", "wysiwyg")
    put("collective.richtext", "A rich text editor", "editor")
    put("left", "An easy API", project_status="archived")
    put("bad.api", "An easy API", project_status="quarantined")
    put("needs.api", "Uses another one", requires_dist=("plone.api>=1.0", 'plone.restapi; extra == "test"'))
    index.update(
        PLONE,
        {
            "plone-restapi": DownloadFields(download_last_month=900),
            "plone-api": DownloadFields(download_last_month=90),
            "needs-api": DownloadFields(download_last_month=9),
        },
    )
    index.update(PLONE, {"plone-api": HealthFields(health_score=90), "left": HealthFields(health_score=10)})
    index.update(PLONE, {"plone-api": RepositoryFields(repository_stars=5, repository_topics=("hypercube",))})


@pytest.fixture
def reference(index: PackageIndex, packages: None) -> ReferenceSearch:
    return ReferenceSearch(index, LEXICON, SCORING_CONFIG, now=lambda: NOW)


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
    "otp sso cms rate limiting rich text audit log i18n seo geo api rest drf",
]
FILTERS: list[dict[str, Any]] = [
    {"framework": ("Plone 6.0",)},
    {"framework": ("Plone 6.0", "Django 5.0"), "license": ("GPL-2.0-only",)},
    {"maintainer": ("bob", "nobody")},
    {"health": (HealthBand.UNKNOWN,)},
    {"health": (HealthBand.EXCELLENT, HealthBand.POOR)},
    {"status": ("archived", "active")},
    {"status": ("quarantined",)},
    {"updated_within": 2},
    {"classifier": ("Framework :: None",)},
    {"python": ("!", "`")},
    {"framework": ("Plone 6",), "python": ("Python 3", "Python 3.12")},
    {"framework": ("Plone 6",), "declared_python": ("Python 3.12",)},
]


def test_search_matches_the_reference_for_every_text_and_order(
    search_engine: SearchEngine, reference: ReferenceSearch
) -> None:
    for text, sort in product(TEXTS, Sort):
        question = SearchQuery(text=text, sort=sort)
        assert search_engine.search("plone", question) == reference.search("plone", question), question


def test_search_matches_the_reference_for_every_filter(search_engine: SearchEngine, reference: ReferenceSearch) -> None:
    hidden = frozenset(["plone-restapi"])

    for selected, text in product(FILTERS, ("", "api")):
        question = build_query(text=text, **selected)
        results = search_engine.search("plone", question, hidden=hidden)
        assert results == reference.search("plone", question, hidden=hidden), question
        assert results.facets.keys() == set(INDEXED_FACETS)


def test_suggestions_match_the_reference(search_engine: SearchEngine, reference: ReferenceSearch) -> None:
    for text in ("plone", "api", "rest", "restframwork", "e", "django-deb", "", "!!", "toolbra"):
        assert search_engine.suggest("plone", text, limit=3) == reference.suggest("plone", text, limit=3), text


def test_suggested_words_match_the_reference(search_engine: SearchEngine, reference: ReferenceSearch) -> None:
    assert reference.suggest_words("plone", "hypremedia", limit=3) == ["hypermedia"]
    assert reference.suggest_words("plone", "configurabel", limit=3) == ["configurable"]
    for text in (
        "hypremedia",
        "configurabel",
        "pannels fr debuging",
        "restapy contnt",
        "plone",
        "",
        "!!",
        "xxxxxxxxx",
        "edtior",
    ):
        expected = reference.suggest_words("plone", text, limit=3)
        assert search_engine.suggest_words("plone", text, limit=3) == expected, text


def test_similar_packages_and_dependents_match_the_reference(
    search_engine: SearchEngine, reference: ReferenceSearch
) -> None:
    hidden = frozenset(["left"])

    for name in ("plone.api", "collective.easyform", "nobody", "needs.api"):
        similar = search_engine.find_similar("plone", name, limit=5, hidden=hidden)
        assert similar == reference.find_similar("plone", name, limit=5, hidden=hidden), name
        dependents = search_engine.find_dependents("plone", name, limit=5, hidden=hidden)
        assert dependents == reference.find_dependents("plone", name, limit=5, hidden=hidden), name


def test_named_packages_are_sorted_by_name(search_engine: SearchEngine, reference: ReferenceSearch) -> None:
    names = ["plone-restapi", "nobody", "bad-api", "left", "plone-api", "left"]
    hidden = frozenset(["plone-api"])

    hits = search_engine.get_hits("plone", names, hidden=hidden)

    assert hits == reference.get_hits("plone", names, hidden=hidden)
    assert [hit.name_normalized for hit in hits] == ["plone-restapi", "left"]


def test_similar_packages_of_equal_weight_are_ordered_by_name(
    index: PackageIndex, search_engine: SearchEngine, reference: ReferenceSearch
) -> None:
    """There are more than requested, and they are written in another order than that of their names."""
    names = [f"x{number:02}" for number in range(30)]
    index.put(PLONE, [build_project(name, keywords=("spectrometer",)) for name in reversed(names)])
    index.put(PLONE, [build_project(f"filler{number}", summary="Else") for number in range(150)])
    index.update(PLONE, {name: DownloadFields(download_last_month=number) for number, name in enumerate(names)})

    similar = search_engine.find_similar("plone", "x07", limit=5)

    assert [hit.name for hit in similar] == ["x00", "x01", "x02", "x03", "x04"]
    assert similar == reference.find_similar("plone", "x07", limit=5)


def test_facet_values_of_equal_count_are_cut_by_name(
    index: PackageIndex, search_engine: SearchEngine, reference: ReferenceSearch
) -> None:
    maintainers = [f"author{number:03}" for number in range(400)]
    projects = [
        build_project(f"p{number:03}", maintainers=(maintainers[number * 7 % 400], f"team{number % 10}"))
        for number in range(400)
    ]
    for start in range(0, 400, 50):  # in several segments
        index.put(PLONE, projects[start : start + 50])
        search_engine.search("plone", SearchQuery())

    counts = search_engine.search("plone", SearchQuery()).facets["maintainer"]

    assert [count.value for count in counts] == [*(f"team{number}" for number in range(10)), "ada", *maintainers[:19]]
    assert counts == reference.search("plone", SearchQuery()).facets["maintainer"]


def test_prefix_match_is_ranked_among_hundreds_of_matches(
    index: PackageIndex, search_engine: SearchEngine, reference: ReferenceSearch
) -> None:
    popular = [build_project(f"p{number:03}", summary="Segmentation of cells") for number in range(300)]
    index.put(PLONE, [*popular, build_project("SegmenTree", summary="Else")])
    index.update(PLONE, {f"p{number:03}": DownloadFields(download_last_month=99) for number in range(300)})
    question = SearchQuery(text="segment")

    results = search_engine.search("plone", question)

    assert results.hits[0].name == "SegmenTree"
    assert results == reference.search("plone", question)


def test_every_package_is_on_one_page_whatever_the_order(index: PackageIndex, search_engine: SearchEngine) -> None:
    """More than are ranked by the domain: the rest follows."""
    index.put(PLONE, [build_project(f"package-{number}", summary="An easy API") for number in range(420)])
    downloads = {f"package-{n}": DownloadFields(download_last_month=n) for n in range(0, 420, 2)}
    index.update(PLONE, downloads)

    for selected in ({"text": "package api"}, {"text": "api"}, {}, {"sort": Sort.DOWNLOADS}):
        pages = [
            search_engine.search("plone", build_query(**selected, page=page, per_page=50)).hits for page in range(1, 11)
        ]
        names = [hit.name for hits in pages for hit in hits]
        assert len(names) == len(set(names)) == 420, selected
    assert search_engine.search("plone", SearchQuery(page=11, per_page=50)).hits == ()
    assert len(search_engine.search("plone", SearchQuery(per_page=300)).hits) == 300


def test_github_topics_are_searched_as_soon_as_they_are_known(index: PackageIndex, search_engine: SearchEngine) -> None:
    index.put(PLONE, [build_project("plone.api", "1.0", "2.0")])
    before = search_engine.search("plone", SearchQuery(text="hypercube")).total

    index.update(PLONE, {"plone-api": RepositoryFields(repository_topics=("hypercube",))})

    assert (before, search_engine.search("plone", SearchQuery(text="hypercube")).total) == (0, 1)


def test_search_follows_an_alias_to_another_collection(
    index: PackageIndex, admin: IndexAdmin, search_engine: SearchEngine
) -> None:
    index.put(PLONE, [build_project("old")])
    assert [hit.name for hit in search_engine.search("plone", SearchQuery()).hits] == ["old"]
    admin.create("plone-2", index.get_state(PLONE))
    index.put("plone-2", [build_project("new")])

    admin.set_alias("plone", "plone-2")
    after_switch = search_engine.search("plone", SearchQuery()).hits
    admin.drop(PLONE)

    assert [hit.name for hit in after_switch] == ["new"]
    assert [hit.name for hit in search_engine.search("plone", SearchQuery(text="new")).hits] == ["new"]
    with pytest.raises(NotFound):
        search_engine.search(PLONE, SearchQuery())
    with pytest.raises(NotFound):
        search_engine.search("nowhere", SearchQuery())


def test_recreated_collection_has_own_packages(
    index: PackageIndex, admin: IndexAdmin, search_engine: SearchEngine
) -> None:
    index.put(PLONE, [build_project("a"), build_project("b")])
    assert search_engine.search(PLONE, SearchQuery()).total == 2
    state = index.get_state(PLONE)
    admin.drop(PLONE)
    admin.create(PLONE, state)
    index.put(PLONE, [build_project("c"), build_project("d")])

    assert sorted(hit.name for hit in search_engine.search(PLONE, SearchQuery()).hits) == ["c", "d"]


def test_typo_near_hundreds_of_names_finds_name(
    index: PackageIndex, search_engine: SearchEngine, reference: ReferenceSearch
) -> None:
    names = [f"napari-part{number:03}" for number in range(300)]
    index.put(PLONE, [build_project(name, summary="A plugin") for name in (*names, "napari-animation")])
    query = SearchQuery(text="napai-animation")

    results = search_engine.search("plone", query)

    assert results.hits[0].name == "napari-animation"
    assert results.hits == reference.search("plone", query).hits
