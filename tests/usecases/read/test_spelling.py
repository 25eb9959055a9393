"""Names for a text that nothing matches."""

import pytest

from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.domain.search import SearchQuery, select_similar_names
from pyf.aggregator.ports import Dependencies
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.read.search import search_with_hints
from support.builders import build_project, build_query, build_state
from support.fake_dependencies import build_fake_dependencies

PLONE = Target(collection="plone", filter=Filter(exclude={"collective-secret": "hidden"}))


@pytest.fixture
def deps() -> Dependencies:
    deps = build_fake_dependencies()
    deps.admin.create("plone", build_state())
    names = ("collective.easyform", "collective.easyslider", "collective.secret", "djangorestframework", "plone.api")
    deps.index.put("plone", [build_project(name, summary="") for name in names])
    return deps


def test_words_of_summaries_are_suggested_after_names(deps: Dependencies) -> None:
    deps.index.put(
        "plone",
        [build_project("plone.mapper", summary="Geocoding for postcards and geocoding"), build_project("geocodung")],
    )

    def search(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        results = search_with_hints(deps, PLONE, SearchQuery(text=text)).results
        return results.similar_names, results.similar_words

    assert search("postcrads") == ((), ("postcards",))
    assert search("postcrads zzzzqqqq") == ((), ("postcards",))
    assert search("the postcards") == ((), ())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("djangorestfrmwrkk", ("djangorestframework",)),
        ("collective.easyfrmmx", ("collective.easyform", "collective.easyslider")),
        ("secrettttttt", ()),
        ("xyzxyz djangorestfrmwrkk", ("djangorestframework",)),
        ("zzzzqqqq", ()),
        ("?!", ()),
        ("x" * 500, ()),
    ],
)
def test_similar_names_are_suggested_for_text_without_hits(
    deps: Dependencies, text: str, names: tuple[str, ...]
) -> None:
    results = search_with_hints(deps, PLONE, SearchQuery(text=text)).results

    assert (results.total, results.did_you_mean) == (0, names)


def test_no_names_are_suggested_beside_hits_or_without_text(deps: Dependencies) -> None:
    assert search_with_hints(deps, PLONE, SearchQuery(text="plone.api")).results.did_you_mean == ()
    assert search_with_hints(deps, PLONE, build_query(license=("None",))).results.did_you_mean == ()


def test_most_similar_name_comes_first() -> None:
    names = ["Flask-Login", "flask-logic", "flask"]

    assert select_similar_names("flasklogn", names, limit=2) == ("Flask-Login", "flask-logic")
