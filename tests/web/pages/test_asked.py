"""A question in an address: whatever is in it is read, and what is written reads back."""

from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.search import Facet, HealthBand, Question, Sort
from pyf.aggregator.web.pages import asked, words
from pyf.aggregator.web.pages.asked import Asked

VALUES = st.lists(st.text(min_size=1, max_size=40).map(words.legible).filter(bool), max_size=4, unique=True).map(tuple)
QUESTIONS = st.builds(
    Question,
    text=st.text(max_size=100).map(words.legible),
    framework_versions=VALUES,
    python_versions=VALUES,
    licenses=VALUES,
    classifiers=VALUES,
    statuses=VALUES,
    maintainers=VALUES,
    health=st.lists(st.sampled_from(HealthBand), max_size=3, unique=True).map(tuple),
    updated_within=st.none() | st.integers(1, 36_500),
    sort=st.sampled_from(Sort),
    page=st.integers(1, 1000),
)


@given(st.builds(Asked, question=QUESTIONS, whole=st.frozensets(st.sampled_from(Facet))))
def test_what_is_written_reads_back(question: Asked) -> None:
    assert asked.read(asked.written(question)) == question


@given(
    st.lists(st.tuples(st.sampled_from(["q", "framework", "health", "within", "sort", "page", "all", "x"]), st.text()))
)
def test_nothing_in_an_address_is_an_error(pairs: list[tuple[str, str]]) -> None:
    question = asked.read(pairs).question

    assert question.page >= 1
    assert len(question.text) <= asked.LONGEST_TEXT


def test_a_text_that_is_too_long_is_refused_in_words() -> None:
    read = asked.read([("q", "x" * 10_000)])

    assert read.problem == "What you searched for has 10,000 characters; the search takes 300 at most."
    assert read.question.text == ""


def test_what_is_understood_anyway_is_not_written() -> None:
    assert asked.written(asked.read([("q", " x "), ("sort", "relevance"), ("page", "1"), ("within", "")])) == [
        ("q", "x")
    ]


def test_a_changed_filter_leads_to_the_first_page() -> None:
    read = asked.read([("q", "x"), ("license", "MIT"), ("license", "BSD"), ("page", "7")])

    assert asked.written(asked.without(read, Facet.LICENSES, "MIT")) == [("q", "x"), ("license", "BSD")]
    assert asked.written(asked.unfiltered(read)) == [("q", "x")]
