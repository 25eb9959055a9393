"""What every engine makes of what people type."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import PLONE, project_documents
from engines import NOW
from pyf.aggregator.adapters.index.reference_search import ReferenceSearch
from pyf.aggregator.adapters.lexicon import load_lexicon
from pyf.aggregator.adapters.standards import load_standards
from pyf.aggregator.domain.schema import DownloadFields, HealthFields
from pyf.aggregator.domain.search import Question
from pyf.aggregator.ports import PackageIndex, SearchEngine

pytestmark = pytest.mark.usefixtures("plone")

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


@pytest.fixture
def toolbars(index: PackageIndex, plone: None) -> None:
    index.put(
        PLONE,
        [
            project_documents("django-debug-toolbar", summary="A configurable set of panels"),
            project_documents("plone.app.debugtoolbar", summary="Debug toolbar for Plone"),
            project_documents("django-crispy-forms", summary="Forms without tears"),
            project_documents("djangorestframework", summary="Web APIs, made easy"),
            project_documents("collective.redirector", summary="Sends visitors elsewhere", keywords=("url",)),
        ],
    )


def found(searched: SearchEngine, text: str) -> list[str]:
    return [hit.name for hit in searched.search(PLONE, Question(text=text)).hits]


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
    ],
)
@pytest.mark.usefixtures("toolbars")
def test_a_project_is_found_however_it_is_typed(searched: SearchEngine, text: str, first: str) -> None:
    assert found(searched, text)[0] == first


@pytest.mark.usefixtures("toolbars")
def test_the_exact_name_comes_first_whoever_is_more_popular(index: PackageIndex, searched: SearchEngine) -> None:
    index.put(PLONE, [project_documents("toolbar"), project_documents("plone.toolbar", summary="toolbar toolbar")])
    index.update(PLONE, {"plone-toolbar": DownloadFields(download_last_month=10**9)})

    assert found(searched, "toolbar")[:2] == ["toolbar", "plone.toolbar"]
    assert found(searched, "Plone Toolbar")[0] == "plone.toolbar"


@pytest.mark.parametrize("framework", ["Plone", "Django"])
def test_of_equals_those_of_a_favoured_framework_come_first(
    index: PackageIndex, searched: SearchEngine, framework: str
) -> None:
    index.put(
        PLONE,
        [
            project_documents("one", summary="Forms", classifiers=("Framework :: Plone :: 6.0",)),
            project_documents("two", summary="Forms", requires_dist=("Django>=5",)),
        ],
    )

    hits = searched.search(PLONE, Question(text="forms", frameworks=(framework,))).hits

    assert [hit.name for hit in hits] == (["one", "two"] if framework == "Plone" else ["two", "one"])


@pytest.mark.usefixtures("toolbars")
def test_text_without_a_word_finds_nothing_and_no_text_finds_all(searched: SearchEngine) -> None:
    assert found(searched, "!!! --- ???") == []
    assert len(found(searched, "  \t ")) == 5


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.usefixtures("toolbars")
def test_nothing_that_can_be_typed_is_an_error(searched: SearchEngine, text: str) -> None:
    searched.search(PLONE, Question(text=text))
    searched.suggest(PLONE, text, limit=5)
    searched.similar(PLONE, text, limit=5)
    searched.dependents(PLONE, text, limit=5)
    searched.pick(PLONE, [text], hidden=frozenset({text}))


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
@pytest.mark.usefixtures("toolbars")
def test_names_are_suggested_by_their_beginning_or_that_of_a_part(
    searched: SearchEngine, typed: str, expected: list[str]
) -> None:
    assert [each.name for each in searched.suggest(PLONE, typed, limit=5)] == expected


def test_the_most_downloaded_of_very_many_are_suggested_whatever_else_they_are_worth(
    index: PackageIndex, searched: SearchEngine
) -> None:
    names = [f"plone-p{n:03}" for n in range(150)]
    given_up = [project_documents(name, project_status="archived") for name in names[-3:]]
    index.put(PLONE, [*(project_documents(name) for name in names[:-3]), *given_up])
    index.update(PLONE, {name: DownloadFields(download_last_month=n) for n, name in enumerate(names)})
    index.update(PLONE, {name: HealthFields(health_score=99 if n < 147 else 1) for n, name in enumerate(names)})

    suggested = searched.suggest(PLONE, "plo", limit=3)

    assert [each.name for each in suggested] == ["plone-p149", "plone-p148", "plone-p147"]


@pytest.mark.usefixtures("toolbars")
def test_the_more_downloaded_of_two_is_suggested_first_and_so_many_at_most(
    index: PackageIndex, searched: SearchEngine
) -> None:
    index.update(
        PLONE,
        {"djangorestframework": DownloadFields(download_last_month=9), "django-crispy-forms": DownloadFields()},
    )
    index.update(PLONE, {"django-debug-toolbar": DownloadFields(download_last_month=1)})

    suggested = searched.suggest(PLONE, "django", limit=1)

    assert [each.name for each in suggested] == ["djangorestframework"]


@pytest.fixture
def agreed(index: PackageIndex, searched: SearchEngine, toolbars: None) -> tuple[SearchEngine, SearchEngine]:
    """The engine and the one that looks at everything, on the same projects."""
    return searched, ReferenceSearch(index, load_lexicon(), load_standards(), now=lambda: NOW)


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
    agreed: tuple[SearchEngine, SearchEngine], words: list[str]
) -> None:
    searched, plain = agreed
    asked = Question(text=" ".join(words))

    assert searched.search(PLONE, asked) == plain.search(PLONE, asked)
