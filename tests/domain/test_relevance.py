"""How text is taken apart, and what comes first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import registry_fields
from pyf.aggregator.adapters.lexicon import load_lexicon
from pyf.aggregator.domain.document import Document
from pyf.aggregator.domain.relevance import (
    Popularity,
    Standing,
    bucket_of,
    lexicon_of,
    merit,
    popularity_of,
    query_of,
    searchable_of,
)
from pyf.aggregator.domain.relevance.match import OWN
from pyf.aggregator.domain.relevance.names import is_piece, name_forms, pieces
from pyf.aggregator.domain.relevance.slips import are_near, slips_in
from pyf.aggregator.domain.relevance.words import stem, stems, words

LEXICON = load_lexicon()
DJANGO = ("Framework :: Django",)


def bucket(text: str, name: str, **fields: object) -> int | None:
    query = query_of(text, LEXICON, share=lambda stem: 0.001)
    assert query is not None
    return bucket_of(query, searchable_of(Document(registry=registry_fields(name, **fields))), LEXICON)


def test_forms_of_a_word_have_one_stem() -> None:
    assert {stem(word) for word in ("limit", "limits", "limited", "limiting", "limiter")} == {"limit"}
    assert stem("redirects") == stem("redirector")
    assert stem("Größe") == "Größe"


def test_what_some_write_as_one_word_is_both() -> None:
    assert list(stems("e-commerce"))[:3] == ["e", "commerc", "ecommerc"]
    assert set(stems("WebSockets")) == {"websocket", "web", "socket"}
    assert list(stems("oauth2")) == ["oauth2", "oauth"]


@given(st.text(st.characters(codec=None)))
def test_any_text_has_words_that_can_be_written_down(text: str) -> None:
    for word in (*words(text), *stems(text)):
        assert word.encode()
        assert " " not in word


@pytest.mark.parametrize(
    ("name", "own", "stems_of_own"),
    [
        ("django-debug-toolbar", "debugtoolbar", "debugtoolbar"),
        ("plone-app-debugtoolbar", "debugtoolbar", "debugtoolbar"),
        ("graphene-django", "graphene", "graphen"),
        ("djangorestframework", "restframework", "restframework"),
        ("flask-caching", "caching", "cach"),
        ("fastapi-cache2", "cache2", "cach"),
        ("django", "django", "django"),
        ("plone-app", "app", "app"),
    ],
)
def test_a_name_is_known_without_what_says_only_where_it_belongs(name: str, own: str, stems_of_own: str) -> None:
    forms = name_forms(name, LEXICON)

    assert (forms.own, forms.stems) == (own, stems_of_own)


@given(st.lists(st.text("abcd", min_size=1, max_size=9), min_size=1, max_size=3), st.text("abcd", max_size=9))
def test_pieces_are_exactly_what_is_taken_for_one(parts: list[str], word: str) -> None:
    assert (word in pieces(parts)) == any(is_piece(word, part) for part in parts)


@pytest.mark.parametrize(
    ("better", "worse", "text"),
    [
        ("crispy-forms", "django-crispy-forms", "crispy-forms"),
        ("django-crispy-forms", "django-crispy-forms-extra", "crispy forms"),
        ("fastapi-cache2", "flask-caching", "cache"),
        ("django-crispy-forms", "django-forms-crispy", "crispy forms"),
    ],
)
def test_nearer_names_are_in_higher_buckets(better: str, worse: str, text: str) -> None:
    assert (bucket(text, better) or 0) > (bucket(text, worse) or 0)


def test_a_word_is_worth_more_the_nearer_to_the_beginning_it_stands() -> None:
    places = ("summary", "first_chapter", "main_content", "changelog")
    others = {"summary": "something else"}
    buckets = [bucket("tenancy", "thing", **others | {place: "about tenancy"}) for place in places]

    assert buckets == sorted(buckets, key=lambda each: -(each or 0))
    assert len(set(buckets)) == 4


@pytest.mark.parametrize("place", ["summary", "keywords"])
def test_a_word_glued_into_a_name_is_worth_no_less_for_being_said_elsewhere_as_well(place: str) -> None:
    said: dict[str, object] = {"summary": "About paint", "keywords": ("paint",)}
    unsaid: dict[str, object] = {"summary": "About nothing", "keywords": ("nothing",)}

    glued = bucket("brush paint", "paintbrush", **unsaid | {place: said[place]})

    assert glued == bucket("brush paint", "paintbrush", **unsaid)


def test_who_has_none_of_the_words_is_not_found() -> None:
    assert bucket("tenancy", "thing", summary="something else") is None


def test_only_words_that_nobody_uses_may_have_a_slip() -> None:
    def found(share: float) -> bool:
        query = query_of("toolbra", LEXICON, share=lambda stem: share)
        assert query is not None
        project = searchable_of(Document(registry=registry_fields("toolbar")))
        return bucket_of(query, project, LEXICON) is not None

    assert (found(0.0), found(0.1)) == (True, False)


def test_of_names_that_something_with_a_slip_is_near_to_the_one_comes_first_that_says_nothing_else() -> None:
    def found(name: str) -> int | None:
        query = query_of("regitsry", LEXICON, share=lambda stem: 0.0)
        assert query is not None
        return bucket_of(query, searchable_of(Document(registry=registry_fields(name))), LEXICON)

    assert (found("plone.registry") or 0) > (found("plone.registry.invoices") or 0) > 0


def test_short_words_may_have_no_slip_and_two_letters_that_changed_places_are_one() -> None:
    assert [slips_in(word) for word in ("form", "forms", "toolbar", "exportimport", "oauth2")] == [0, 1, 1, 2, 0]
    assert are_near("mosiac", "mosaic", 1)
    assert not are_near("mosiac", "mosque", 1)


def test_text_without_a_word_asks_for_nothing() -> None:
    assert query_of("?! --", LEXICON, share=lambda stem: 0.0) is None


def test_fillers_and_frameworks_count_only_where_there_is_nothing_else() -> None:
    lexicon = lexicon_of(frameworks=["Plone"], fillers=["the"])

    def asked(text: str) -> list[tuple[str, ...]]:
        query = query_of(text, lexicon, share=lambda stem: 0.0)
        return [concept.words for concept in query.concepts] if query else []

    assert asked("the plone calendar") == [("calendar",)]
    assert asked("plone") == [("plone",)]
    assert asked("the") == [("the",)]


@pytest.mark.parametrize("said", ["rate limit", "rate limits", "rate limiting", "Rate-Limited"])
def test_what_is_known_of_a_phrase_is_known_of_its_words_in_other_forms(said: str) -> None:
    lexicon = lexicon_of(synonyms=[["rate limit", "throttle"]], related={"rate limits": ["quota"]})

    query = query_of(said, lexicon, share=lambda stem: 0.001)

    assert query is not None
    assert {("throttle",), ("quota",)} <= {way.words for way in query.concepts[0].ways}


def test_who_says_one_thing_in_two_forms_asks_for_one_thing() -> None:
    query = query_of("picture pictures photo", LEXICON, share=lambda stem: 0.001)

    assert query is not None
    assert [concept.words for concept in query.concepts] == [("picture",)]


@pytest.mark.parametrize("word", ["on", "no", "off", "yes"])
def test_words_that_yaml_takes_for_true_or_false_are_fillers(word: str) -> None:
    assert word in LEXICON.fillers


def test_where_no_framework_is_meant_what_is_made_for_one_comes_before_what_stands_alone() -> None:
    said = {"summary": "About tenancy"}
    alone, made_for = bucket("tenancy", "thing", **said), bucket("tenancy", "thing", classifiers=DJANGO, **said)

    assert (made_for or 0) - (alone or 0) == 1
    assert bucket("tenancy", "thing", summary="Tenancy with Django") == made_for
    assert bucket("tenancy", "thing", requires_dist=("django>=5",), **said) == made_for


def test_where_a_framework_is_meant_others_are_worth_no_more_than_what_stands_alone() -> None:
    said = {"summary": "About tenancy"}

    assert bucket("tenancy flask", "thing", classifiers=DJANGO, **said) == bucket("tenancy flask", "thing", **said)
    assert (bucket("tenancy django", "thing", classifiers=DJANGO, **said) or 0) > (
        bucket("tenancy django", "thing", **said) or 0
    )


def test_a_framework_is_not_made_for_itself() -> None:
    said = {"summary": "About tenancy"}

    assert bucket("tenancy", "django", **said) == bucket("tenancy", "thing", **said)


def test_a_name_said_otherwise_is_meant_only_of_the_framework_that_is_asked_for() -> None:
    # The built-in words say that "multilingual" means as much as "translate".
    assert (bucket("translate", "plone.app.multilingual") or 0) >= OWN
    assert (bucket("translate plone", "plone.app.multilingual") or 0) >= OWN
    assert (bucket("translate flask", "plone.app.multilingual") or 0) < OWN
    assert (bucket("multilingual flask", "plone.app.multilingual") or 0) >= OWN


COUNTS = st.lists(st.integers(0, 10**9), max_size=600)


@given(COUNTS, st.integers(0, 10**9), st.integers(0, 10**9))
def test_more_downloads_never_rank_lower(counts: list[int], one: int, other: int) -> None:
    scale = popularity_of(counts)
    low, high = sorted((one, other))

    assert 0 <= scale.rank(low) <= scale.rank(high) <= 1


@given(st.integers(0, 100), st.integers(0, 100))
def test_more_health_is_more_merit_and_given_up_is_less(one: int, other: int) -> None:
    low, high = sorted((one, other))

    def of(health: int, *, given_up: bool = False) -> float:
        return merit(Standing(health=health, is_given_up=given_up), Popularity(), is_current=None)

    assert of(low) <= of(high)
    assert of(high, given_up=True) == pytest.approx(0.2 * of(high))


def test_what_is_not_known_is_neither_the_worst_nor_the_best() -> None:
    scale = popularity_of(range(1000))

    def of(downloads: int | None = None, health: int | None = None, current: bool | None = None) -> float:
        return merit(Standing(downloads=downloads, health=health), scale, is_current=current)

    assert of(downloads=0) < of() < of(downloads=999)
    assert of(health=0) < of() < of(health=100)
    assert of(current=False) < of() < of(current=True)
