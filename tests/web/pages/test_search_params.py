"""Parsing and formatting of search URLs."""

from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.documents.schema import FACETS
from pyf.aggregator.domain.search import MAX_TEXT_LENGTH, SearchQuery, Sort, select_values
from pyf.aggregator.web.pages import formatting, search_params
from pyf.aggregator.web.pages.search_params import SearchParams

VALUES = st.lists(
    st.text(min_size=1, max_size=40).map(formatting.to_clean_line).filter(bool), max_size=4, unique=True
).map(tuple)
QUERIES = st.builds(
    SearchQuery,
    text=st.text(max_size=100).map(formatting.to_clean_line),
    filters=st.fixed_dictionaries(
        {
            name: st.lists(st.sampled_from(facet.choices), max_size=3, unique=True) if facet.choices else VALUES
            for name, facet in FACETS.items()
        }
    ).map(select_values),
    updated_within=st.none() | st.integers(0, 36_500),
    declared_only=st.booleans(),
    per_page=st.integers(1, 20),
    sort=st.sampled_from(Sort),
    page=st.integers(1, 1000),
)


@given(st.builds(SearchParams, query=QUERIES, expanded_facets=st.frozensets(st.sampled_from(sorted(FACETS)))))
def test_query_pairs_round_trip(params: SearchParams) -> None:
    assert search_params.parse(search_params.to_query_pairs(params)) == params


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["q", "framework", "health", "updated_within", "sort", "page", "all", "x"]), st.text()
        )
    )
)
def test_parse_accepts_any_pairs(pairs: list[tuple[str, str]]) -> None:
    query = search_params.parse(pairs).query

    assert query.page >= 1
    assert len(query.text) <= MAX_TEXT_LENGTH


def test_parse_reports_too_long_text() -> None:
    params = search_params.parse([("q", "x" * 10_000)])

    assert params.problem == "The search text has 10,000 characters; the limit is 300."
    assert params.query.text == ""


def test_to_query_pairs_omits_defaults() -> None:
    assert search_params.to_query_pairs(
        search_params.parse([("q", " x "), ("sort", "relevance"), ("page", "1"), ("updated_within", "")])
    ) == [("q", "x")]


def test_remove_filter_resets_the_page() -> None:
    params = search_params.parse([("q", "x"), ("license", "MIT"), ("license", "BSD"), ("page", "7")])

    assert search_params.to_query_pairs(search_params.remove_filter(params, "license", "MIT")) == [
        ("q", "x"),
        ("license", "BSD"),
    ]
    assert search_params.to_query_pairs(search_params.without_filters(params)) == [("q", "x")]
