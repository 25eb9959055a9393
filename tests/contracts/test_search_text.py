"""Contract of text search: every engine finds what users type."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyf.aggregator.config.lexicon import load_lexicon
from pyf.aggregator.config.scoring import load_scoring_config
from pyf.aggregator.domain.documents.schema import DownloadFields, HealthFields
from pyf.aggregator.domain.search import SearchQuery
from pyf.aggregator.ports import PackageIndex, SearchEngine
from pyf.aggregator.testing.reference_search import ReferenceSearch
from support.builders import PLONE, build_project
from support.index_engines import NOW

pytestmark = pytest.mark.usefixtures("plone_collection")

HOSTILE = [
    "\x00",
    "a\x00b",
    "'; DROP TABLE documents; --",
    '" OR 1=1 --',
    "name:* AND (",
    "(((((",
    '"',
    "a\\",
    "+ - && || ! ( ) { } [ ] ^ ~ * ? : /",
    "field:[a TO z]",
    "*",
    "toolbar*",
    "<script>alert(1)</script>",
    "x" * 10_000,
    "x " * 5_000,
    "(" * 10_000,
    "\u202etoolbar\u202c",
    "שלום עולם",
    "调试工具栏",
    "\ud800",
    "tool\udfffbar",
    "🙂" * 50,
    "%s %d {0} ${x}",
    "../../etc/passwd",
    "\u0000\u0001\u001f",
    "ﬁ ① ㎏",
]


README = "<pre>from bs4 import BeautifulSoup</pre>"
REPOSITORY = {"Source": "https://github.com/example/soup"}


@pytest.fixture
def toolbar_packages(index: PackageIndex, plone_collection: None) -> None:
    index.put(
        PLONE,
        [
            build_project("django-debug-toolbar", summary="A configurable set of panels"),
            build_project("plone.app.debugtoolbar", summary="Debug toolbar for Plone"),
            build_project("django-crispy-forms", summary="Forms without tears"),
            build_project("djangorestframework", summary="Web APIs, made easy"),
            build_project("collective.redirector", summary="Sends visitors elsewhere", keywords=("url",)),
            build_project("beautifulsoup4", summary="Parst Übersetzungen", description=README, project_urls=REPOSITORY),
            build_project("datenbank", summary="一个数据库管理工具，支持中文搜索"),
        ],
    )


def search_names(search_engine: SearchEngine, text: str) -> list[str]:
    return [hit.name for hit in search_engine.search(PLONE, SearchQuery(text=text)).hits]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("django-debug-toolbar", "django-debug-toolbar"),
        ("Django_Debug.Toolbar", "django-debug-toolbar"),
        ("debug toolbar", "django-debug-toolbar"),
        ("plone debugtoolbar", "plone.app.debugtoolbar"),
        ("crispyforms", "django-crispy-forms"),
        ("crispy", "django-crispy-forms"),
        ("restframework", "djangorestframework"),
        ("django rest framework", "djangorestframework"),
        ("drf", "djangorestframework"),
        ("djangorestf", "djangorestframework"),
        ("django-cri", "django-crispy-forms"),
        ("cripsy forms", "django-crispy-forms"),
        ("redirects", "collective.redirector"),
        ("REDIRECTED URLs", "collective.redirector"),
        ("a set of panels", "django-debug-toolbar"),
        ("pip install djangorestframework", "djangorestframework"),
        ("https://pypi.example/project/plone.app.debugtoolbar/", "plone.app.debugtoolbar"),
        ("https://github.com/example/soup/tree/main", "beautifulsoup4"),
        ("from bs4 import BeautifulSoup", "beautifulsoup4"),
        ("bs4", "beautifulsoup4"),
        ("ubersetzungen", "beautifulsoup4"),
        ("中文搜索", "datenbank"),
    ],
)
@pytest.mark.usefixtures("toolbar_packages")
def test_package_is_found_by_any_form_of_name(search_engine: SearchEngine, text: str, first: str) -> None:
    assert search_names(search_engine, text)[0] == first


@pytest.mark.usefixtures("toolbar_packages")
def test_exact_name_comes_first_despite_popularity(index: PackageIndex, search_engine: SearchEngine) -> None:
    index.put(PLONE, [build_project("toolbar"), build_project("plone.toolbar", summary="toolbar toolbar")])
    index.update(PLONE, {"plone-toolbar": DownloadFields(download_last_month=10**9)})

    assert search_names(search_engine, "toolbar")[:2] == ["toolbar", "plone.toolbar"]
    assert search_names(search_engine, "Plone Toolbar")[0] == "plone.toolbar"


@pytest.mark.parametrize("framework", ["Plone", "Django"])
def test_preferred_framework_breaks_ties(index: PackageIndex, search_engine: SearchEngine, framework: str) -> None:
    index.put(
        PLONE,
        [
            build_project("one", summary="Forms", classifiers=("Framework :: Plone :: 6.0",)),
            build_project("two", summary="Forms", requires_dist=("Django>=5",)),
        ],
    )

    hits = search_engine.search(PLONE, SearchQuery(text="forms", frameworks=(framework,))).hits

    assert [hit.name for hit in hits] == (["one", "two"] if framework == "Plone" else ["two", "one"])


@pytest.mark.usefixtures("toolbar_packages")
def test_text_without_a_word_finds_nothing_and_no_text_finds_all(search_engine: SearchEngine) -> None:
    assert search_names(search_engine, "!!! --- ???") == []
    assert len(search_names(search_engine, "  \t ")) == 7


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.usefixtures("toolbar_packages")
def test_nothing_that_can_be_typed_is_an_error(search_engine: SearchEngine, text: str) -> None:
    search_engine.search(PLONE, SearchQuery(text=text))
    search_engine.suggest(PLONE, text, limit=5)
    search_engine.suggest_words(PLONE, text, limit=5)
    search_engine.find_similar(PLONE, text, limit=5)
    search_engine.find_dependents(PLONE, text, limit=5)
    search_engine.get_hits(PLONE, [text], hidden=frozenset({text}))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("django-d", ["django-debug-toolbar"]),
        ("debug", ["django-debug-toolbar", "plone.app.debugtoolbar"]),
        ("Crispy", ["django-crispy-forms"]),
        ("toolb", ["django-debug-toolbar"]),
        ("forms", ["django-crispy-forms"]),
        ("redirecter", ["collective.redirector"]),
        ("zzzz", []),
        ("", []),
        ("--", []),
    ],
)
@pytest.mark.usefixtures("toolbar_packages")
def test_names_are_suggested_by_their_beginning_or_that_of_a_part(
    search_engine: SearchEngine, typed: str, expected: list[str]
) -> None:
    assert [each.name for each in search_engine.suggest(PLONE, typed, limit=5)] == expected


def test_most_downloaded_of_many_are_suggested(index: PackageIndex, search_engine: SearchEngine) -> None:
    names = [f"plone-p{n:03}" for n in range(150)]
    given_up = [build_project(name, project_status="archived") for name in names[-3:]]
    index.put(PLONE, [*(build_project(name) for name in names[:-3]), *given_up])
    index.update(PLONE, {name: DownloadFields(download_last_month=n) for n, name in enumerate(names)})
    index.update(PLONE, {name: HealthFields(health_score=99 if n < 147 else 1) for n, name in enumerate(names)})

    suggested = search_engine.suggest(PLONE, "plo", limit=3)

    assert [each.name for each in suggested] == ["plone-p149", "plone-p148", "plone-p147"]


@pytest.mark.usefixtures("toolbar_packages")
def test_suggestions_are_sorted_by_downloads_and_limited(index: PackageIndex, search_engine: SearchEngine) -> None:
    index.update(
        PLONE,
        {"djangorestframework": DownloadFields(download_last_month=9), "django-crispy-forms": DownloadFields()},
    )
    index.update(PLONE, {"django-debug-toolbar": DownloadFields(download_last_month=1)})

    suggested = search_engine.suggest(PLONE, "django", limit=1)

    assert [each.name for each in suggested] == ["djangorestframework"]


@pytest.fixture
def both_engines(
    index: PackageIndex, search_engine: SearchEngine, toolbar_packages: None
) -> tuple[SearchEngine, SearchEngine]:
    """The engine and the one that looks at everything, on the same projects."""
    return search_engine, ReferenceSearch(index, load_lexicon(), load_scoring_config(), now=lambda: NOW)


WORDS = st.sampled_from(
    (
        "debug",
        "toolbar",
        "debugtoolbar",
        "django",
        "plone",
        "forms",
        "crispy",
        "cripsy",
        "rest",
        "framework",
        "of",
        "deb",
    )
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(WORDS, min_size=1, max_size=5))
def test_all_engines_find_the_same_in_the_same_order(
    both_engines: tuple[SearchEngine, SearchEngine], words: list[str]
) -> None:
    searched, plain = both_engines
    query = SearchQuery(text=" ".join(words))

    assert searched.search(PLONE, query) == plain.search(PLONE, query)
