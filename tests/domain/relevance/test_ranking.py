"""Ranking of names and texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.config.lexicon import load_lexicon
from pyf.aggregator.domain.documents.document import Document
from pyf.aggregator.domain.relevance import (
    PopularityScale,
    QualitySignals,
    WordFrequencies,
    build_lexicon,
    build_popularity_scale,
    build_searchable,
    compute_quality,
    get_tier,
    parse_query,
)
from pyf.aggregator.domain.relevance.names import build_name_forms, is_affix, list_affixes
from pyf.aggregator.domain.relevance.tiers import CORE, WEIGHT_STEPS
from pyf.aggregator.domain.relevance.tokenizer import get_allowed_typos, is_within_typos, iter_stems, stem, tokenize
from support.builders import build_fields

LEXICON = load_lexicon()
DJANGO = ("Framework :: Django",)


def build_frequencies(share: float) -> WordFrequencies:
    return WordFrequencies(lambda _: share, lambda _: share)


def compute_tier(text: str, name: str, **fields: object) -> int | None:
    query = parse_query(text, LEXICON, frequencies=build_frequencies(0.001))
    assert query is not None
    return get_tier(query, build_searchable(Document(registry=build_fields(name, **fields))), LEXICON)


def test_forms_of_a_word_have_one_stem() -> None:
    assert {stem(word) for word in ("limit", "limits", "limited", "limiting", "limiter")} == {"limit"}
    assert stem("redirects") == stem("redirector")
    assert stem("größe") == "größe"


def test_what_some_write_as_one_word_is_both() -> None:
    assert list(iter_stems("e-commerce"))[:3] == ["e", "commerc", "ecommerc"]
    assert set(iter_stems("WebSockets")) == {"websocket", "web", "socket"}
    assert list(iter_stems("oauth2")) == ["oauth2", "oauth"]


@given(st.text(st.characters(codec=None)))
def test_any_text_has_words_that_can_be_written_down(text: str) -> None:
    for word in (*tokenize(text), *iter_stems(text)):
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
    forms = build_name_forms(name, LEXICON)

    assert (forms.core, forms.stems) == (own, stems_of_own)


@given(st.lists(st.text("abcd", min_size=1, max_size=9), min_size=1, max_size=3), st.text("abcd", max_size=9))
def test_pieces_are_exactly_what_is_taken_for_one(parts: list[str], word: str) -> None:
    assert (word in list_affixes(parts)) == any(is_affix(word, part) for part in parts)


@pytest.mark.parametrize(
    ("better", "worse", "text"),
    [
        ("crispy-forms", "django-crispy-forms", "crispy-forms"),
        ("django-crispy-forms", "django-crispy-forms-extra", "crispy forms"),
        ("fastapi-cache2", "flask-caching", "cache"),
        ("django-crispy-forms", "django-forms-crispy", "crispy forms"),
    ],
)
def test_nearer_names_are_in_higher_tiers(better: str, worse: str, text: str) -> None:
    assert (compute_tier(text, better) or 0) > (compute_tier(text, worse) or 0)


def test_a_word_is_worth_more_the_nearer_to_the_beginning_it_stands() -> None:
    places = ("summary", "first_chapter", "main_content", "changelog")
    others = {"summary": "something else"}
    buckets = [compute_tier("tenancy", "thing", **others | {place: "about tenancy"}) for place in places]

    assert buckets == sorted(buckets, key=lambda each: -(each or 0))
    assert len(set(buckets)) == 4


@pytest.mark.parametrize("place", ["summary", "keywords"])
def test_a_word_glued_into_a_name_is_worth_no_less_for_being_said_elsewhere_as_well(place: str) -> None:
    said: dict[str, object] = {"summary": "About paint", "keywords": ("paint",)}
    unsaid: dict[str, object] = {"summary": "About nothing", "keywords": ("nothing",)}

    glued = compute_tier("brush paint", "paintbrush", **unsaid | {place: said[place]})

    assert glued == compute_tier("brush paint", "paintbrush", **unsaid)


def test_who_has_none_of_the_words_is_not_found() -> None:
    assert compute_tier("tenancy", "thing", summary="something else") is None


def get_typo_tier(text: str, name: str, *, share: float) -> int:
    query = parse_query(text, LEXICON, frequencies=build_frequencies(share))
    assert query is not None
    return get_tier(query, build_searchable(Document(registry=build_fields(name))), LEXICON) or 0


def test_typos_in_words_are_allowed_only_if_no_package_has_the_word() -> None:
    assert get_typo_tier("toolbra for cats", "collective.toolbar.list", share=0.0) > 0
    assert get_typo_tier("toolbra for cats", "collective.toolbar.list", share=0.1) == 0


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("flask-logn", "flask-login"),
        ("django selct2", "django-select2"),
        ("djanggosaml2", "djangosaml2"),
        ("best-of-geenerator", "best-of-generator"),
        ("djnago-filter", "django-filter"),
        ("fatapi-users", "fastapi-users"),
        ("fastapi-mpc", "fastapi-mcp"),
        ("keyword mqnager", "Products.PloneKeywordManager"),
        ("transmogrifer", "collective.transmogrifier"),
        ("django-gaurian", "django-guardian"),
    ],
)
def test_misspelled_name_ranks_above_words(text: str, name: str) -> None:
    assert get_typo_tier(text, name, share=0.0) > WEIGHT_STEPS + 3


def test_name_with_one_typo_ranks_above_two_and_below_exact_names() -> None:
    tiers = [
        get_typo_tier("flask-marshmalow", name, share=0.0)
        for name in ("flask-marshmalow", "marshmalow", "flask-marshmallow", "flask-marshmallows", "flask-tomatoes")
    ]

    assert tiers == sorted(tiers, reverse=True)
    assert tiers[-1] == 0


def test_short_names_are_only_found_with_swapped_letters() -> None:
    assert get_typo_tier("django-opt", "django-otp", share=0.0) > 0
    assert get_typo_tier("django-opt", "django-rot", share=0.0) == 0


def test_misspelling_of_known_words_ranks_no_higher_than_beginning_of_name() -> None:
    assert get_typo_tier("django-opt", "django-otp", share=0.1) == get_typo_tier(
        "django-opt", "django-options", share=0.1
    )


def test_of_names_that_something_with_a_slip_is_near_to_the_one_comes_first_that_says_nothing_else() -> None:
    def found(name: str) -> int | None:
        query = parse_query("regitsry", LEXICON, frequencies=build_frequencies(0.0))
        assert query is not None
        return get_tier(query, build_searchable(Document(registry=build_fields(name))), LEXICON)

    assert (found("plone.registry") or 0) > (found("plone.registry.invoices") or 0) > 0


def test_allowed_typos_grow_with_length_and_swapped_letters_are_one() -> None:
    assert [get_allowed_typos(word) for word in ("rss", "form", "oauth2", "toolbar", "2026")] == [
        0,
        1,
        1,
        2,
        0,
    ]
    assert is_within_typos("mosiac", "mosaic", 1)
    assert not is_within_typos("mosiac", "mosque", 1)


def test_text_without_a_word_asks_for_nothing() -> None:
    assert parse_query("?! --", LEXICON, frequencies=build_frequencies(0.0)) is None


def test_fillers_and_frameworks_count_only_where_there_is_nothing_else() -> None:
    lexicon = build_lexicon(frameworks=["Plone"], stop_words=["the"])

    def asked(text: str) -> list[tuple[str, ...]]:
        query = parse_query(text, lexicon, frequencies=build_frequencies(0.0))
        return [concept.words for concept in query.terms] if query else []

    assert asked("the plone calendar") == [("calendar",)]
    assert asked("plone") == [("plone",)]
    assert asked("the") == [("the",)]


@pytest.mark.parametrize("said", ["rate limit", "rate limits", "rate limiting", "Rate-Limited"])
def test_what_is_known_of_a_phrase_is_known_of_its_words_in_other_forms(said: str) -> None:
    lexicon = build_lexicon(synonyms=[["rate limit", "throttle"]], related={"rate limits": ["quota"]})

    query = parse_query(said, lexicon, frequencies=build_frequencies(0.001))

    assert query is not None
    assert {("throttle",), ("quota",)} <= {way.words for way in query.terms[0].variants}


def test_who_says_one_thing_in_two_forms_asks_for_one_thing() -> None:
    query = parse_query("picture pictures photo", LEXICON, frequencies=build_frequencies(0.001))

    assert query is not None
    assert [concept.words for concept in query.terms] == [("picture",)]


@pytest.mark.parametrize("word", ["on", "no", "off", "yes"])
def test_words_that_yaml_takes_for_true_or_false_are_fillers(word: str) -> None:
    assert word in LEXICON.stop_words


def test_where_no_framework_is_meant_what_is_made_for_one_comes_before_what_stands_alone() -> None:
    said = {"summary": "About tenancy"}
    alone, made_for = (
        compute_tier("tenancy", "thing", **said),
        compute_tier("tenancy", "thing", classifiers=DJANGO, **said),
    )

    assert (made_for or 0) - (alone or 0) == 1
    assert compute_tier("tenancy", "thing", summary="Tenancy with Django") == made_for
    assert compute_tier("tenancy", "thing", requires_dist=("django>=5",), **said) == made_for


def test_where_a_framework_is_meant_others_are_worth_no_more_than_what_stands_alone() -> None:
    said = {"summary": "About tenancy"}

    assert compute_tier("tenancy flask", "thing", classifiers=DJANGO, **said) == compute_tier(
        "tenancy flask", "thing", **said
    )
    assert (compute_tier("tenancy django", "thing", classifiers=DJANGO, **said) or 0) > (
        compute_tier("tenancy django", "thing", **said) or 0
    )


def test_a_framework_is_not_made_for_itself() -> None:
    said = {"summary": "About tenancy"}

    assert compute_tier("tenancy", "django", **said) == compute_tier("tenancy", "thing", **said)


def test_a_name_said_otherwise_is_meant_only_of_the_framework_that_is_asked_for() -> None:
    # The built-in words say that "multilingual" means as much as "translate".
    assert (compute_tier("translate", "plone.app.multilingual") or 0) >= CORE
    assert (compute_tier("translate plone", "plone.app.multilingual") or 0) >= CORE
    assert (compute_tier("translate flask", "plone.app.multilingual") or 0) < CORE
    assert (compute_tier("multilingual flask", "plone.app.multilingual") or 0) >= CORE


COUNTS = st.lists(st.integers(0, 10**9), max_size=600)


@given(COUNTS, st.integers(0, 10**9), st.integers(0, 10**9))
def test_more_downloads_never_rank_lower(counts: list[int], one: int, other: int) -> None:
    scale = build_popularity_scale(counts)
    low, high = sorted((one, other))

    assert 0 <= scale.to_percentile(low) <= scale.to_percentile(high) <= 1


@given(st.integers(0, 100), st.integers(0, 100))
def test_quality_grows_with_health_and_falls_if_abandoned(one: int, other: int) -> None:
    low, high = sorted((one, other))

    def of(health: int, *, given_up: bool = False) -> float:
        return compute_quality(QualitySignals(health=health, is_abandoned=given_up), PopularityScale(), is_current=None)

    assert of(low) <= of(high)
    assert of(high, given_up=True) == pytest.approx(0.2 * of(high))


def test_what_is_not_known_is_neither_the_worst_nor_the_best() -> None:
    scale = build_popularity_scale(range(1000))

    def of(downloads: int | None = None, health: int | None = None, current: bool | None = None) -> float:
        return compute_quality(QualitySignals(downloads=downloads, health=health), scale, is_current=current)

    assert of(downloads=0) < of() < of(downloads=999)
    assert of(health=0) < of() < of(health=100)
    assert of(current=False) < of() < of(current=True)
