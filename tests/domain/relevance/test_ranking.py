"""Ranking of names and texts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.config.lexicon import load_lexicon
from pyf.aggregator.domain.documents.document import Document
from pyf.aggregator.domain.relevance import (
    Lexicon,
    LexiconEntries,
    PopularityScale,
    QualitySignals,
    WordFrequencies,
    build_lexicon,
    build_popularity_scale,
    build_searchable,
    compute_quality,
    compute_score,
    parse_query,
    to_quality_signals,
)
from pyf.aggregator.domain.relevance.names import build_name_forms, is_affix, list_affixes
from pyf.aggregator.domain.relevance.query import Variant
from pyf.aggregator.domain.relevance.similarity import select_similar_words
from pyf.aggregator.domain.relevance.tiers import CORE
from pyf.aggregator.domain.relevance.tokenizer import get_allowed_typos, is_within_typos, iter_stems, stem, tokenize
from pyf.aggregator.domain.search import to_hit
from support.builders import build_fields

LEXICON = load_lexicon()
DJANGO = ("Framework :: Django",)
# No match of words scores higher, whatever its framework and quality.
MAX_WORDS_SCORE = 2


def build_frequencies(share: float) -> WordFrequencies:
    def count(_stem: str) -> int:
        return round(1_000 * share)

    return WordFrequencies(1_000, count, count)


def score(text: str, name: str, *, share: float = 0.001, quality: float = 0.0, **fields: object) -> float:
    """Return the score of a package for a text, 0 if it does not match; each word is in a `share` of packages."""
    query = parse_query(text, LEXICON, frequencies=build_frequencies(share))
    assert query is not None
    project = build_searchable(Document(registry=build_fields(name, **fields)))
    return compute_score(query, project, quality, LEXICON) or 0


def test_forms_of_a_word_have_one_stem() -> None:
    assert {stem(word) for word in ("limit", "limits", "limited", "limiting", "limiter")} == {"limit"}
    assert stem("redirects") == stem("redirector")
    assert stem("größe") == "größe"


@pytest.mark.parametrize(
    ("word", "other"), [("customers", "custom"), ("restored", "rest"), ("author", "auth"), ("important", "import")]
)
def test_words_with_different_meanings_have_different_stems(word: str, other: str) -> None:
    assert stem(word) != stem(other)


def test_compound_word_matches_both_forms() -> None:
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
def test_name_matches_without_framework_affix(name: str, own: str, stems_of_own: str) -> None:
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
        ("django-simple-audit", "django-audit", "django simple audits"),
        ("django-simple-audit", "django-audit", "the django-simple-audit package"),
        ("django-simple-audit", "django-audit", "python django simple audit"),
        ("django-tables2", "table-filter", "django-tables2 or django-filter"),
        ("django-email", "django-mail", "email"),
        ("django-base64", "django-base", "base64"),
    ],
)
def test_nearer_names_are_in_higher_tiers(better: str, worse: str, text: str) -> None:
    assert score(text, better) > score(text, worse)


def test_name_without_its_last_letter_ranks_above_longer_names() -> None:
    assert score("wagtai", "wagtail", share=0) > score("wagtai", "wagtail-blocks", share=0, quality=1)


@pytest.mark.parametrize(
    "text", ["best flask plugins", "how do I use Flask?", "python flask", "Flask 3.1", "flaks apps"]
)
def test_framework_beside_stop_words_is_what_a_query_asks_for(text: str) -> None:
    assert score(text, "flask", share=0) > score(text, "reader-of-apps", share=0, summary="how to use it", quality=1)
    assert score(text, "flask-thing", share=0, classifiers=("Framework :: Flask",))


@pytest.mark.parametrize("text", ["getCurrentUser", "GetCurrentUser()", "call of getCurrentUser"])
def test_unknown_word_in_camel_case_is_split(text: str) -> None:
    assert score(text, "thing", share=0, summary="reads the current user")


def test_known_word_in_camel_case_is_not_split() -> None:
    assert not score("JavaScript", "thing", summary="scripts of Java")


def test_earlier_text_weighs_more() -> None:
    places = ("summary", "first_chapter", "main_content", "changelog")
    others = {"summary": "something else"}
    scores = [score("tenancy", "thing", **others | {place: "about tenancy"}) for place in places]

    assert scores == sorted(set(scores), reverse=True)


@pytest.mark.parametrize("place", ["summary", "keywords"])
def test_word_inside_name_keeps_weight_if_repeated_elsewhere(place: str) -> None:
    said: dict[str, object] = {"summary": "About paint", "keywords": ("paint",)}
    unsaid: dict[str, object] = {"summary": "About nothing", "keywords": ("nothing",)}

    glued = score("brush paint", "paintbrush", **unsaid | {place: said[place]})

    assert glued == score("brush paint", "paintbrush", **unsaid)


@pytest.mark.parametrize(
    ("text", "name", "is_found"),
    [
        ("widget", "formwidget", True),
        ("widgets", "formwidget", True),
        ("registration", "plone.registry", False),
        ("organizer", "django-organic", False),
    ],
)
def test_word_and_its_singular_are_found_inside_names_but_not_its_stem(text: str, name: str, is_found: bool) -> None:
    assert (score(text, name) > 0) == is_found


def test_package_without_any_query_word_is_not_found() -> None:
    assert score("tenancy", "thing", summary="something else") == 0


def test_typos_in_words_are_allowed_only_if_no_package_has_the_word() -> None:
    assert score("toolbra for cats", "collective.toolbar.list", share=0.0) > 0
    assert score("toolbra for cats", "collective.toolbar.list", share=0.1) == 0


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
    assert score(text, name, share=0.0) > MAX_WORDS_SCORE


def test_name_with_one_typo_ranks_above_two_and_below_exact_names() -> None:
    tiers = [
        score("flask-marshmalow", name, share=0.0)
        for name in ("flask-marshmalow", "marshmalow", "flask-marshmallow", "flask-marshmallows", "flask-tomatoes")
    ]

    assert tiers == sorted(tiers, reverse=True)
    assert tiers[-1] == 0


def test_short_names_are_only_found_with_swapped_letters() -> None:
    assert score("django-opt", "django-otp", share=0.0) > 0
    assert score("django-opt", "django-rot", share=0.0) == 0


def test_misspelling_ranks_no_higher_than_prefix() -> None:
    assert score("django-opt", "django-otp", share=0.1) == score("django-opt", "django-options", share=0.1)


def test_misspelled_name_without_other_words_ranks_first() -> None:
    longer = score("regitsry", "plone.registry.invoices", share=0)

    assert score("regitsry", "plone.registry", share=0) > longer > 0


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


def test_stop_words_and_frameworks_count_only_alone() -> None:
    lexicon = build_lexicon(LexiconEntries(frameworks=["Plone"], stop_words=["the"]))

    def list_terms(text: str) -> list[tuple[str, ...]]:
        query = parse_query(text, lexicon, frequencies=build_frequencies(0.0))
        return [concept.words for concept in query.terms] if query else []

    assert list_terms("the plone calendar") == [("calendar",)]
    assert list_terms("plone") == [("plone",)]
    assert list_terms("the") == [("the",)]


@pytest.mark.parametrize("said", ["rate limit", "rate limits", "rate limiting", "Rate-Limited"])
def test_synonyms_apply_to_other_word_forms(said: str) -> None:
    lexicon = build_lexicon(LexiconEntries(synonyms=[["rate limit", "throttle"]], related={"rate limits": ["quota"]}))

    query = parse_query(said, lexicon, frequencies=build_frequencies(0.001))

    assert query is not None
    assert {("throttle",), ("quota",)} <= {way.words for way in query.terms[0].variants}


def test_two_forms_of_word_are_one_term() -> None:
    query = parse_query("picture pictures photo", LEXICON, frequencies=build_frequencies(0.001))

    assert query is not None
    assert [concept.words for concept in query.terms] == [("picture",)]


@pytest.mark.parametrize("word", ["on", "no", "off", "yes"])
def test_words_that_yaml_takes_for_true_or_false_are_fillers(word: str) -> None:
    assert word in LEXICON.stop_words


def test_add_on_ranks_first_without_a_framework_in_the_query() -> None:
    said = {"summary": "About tenancy"}
    alone, made_for = (
        score("tenancy", "thing", **said),
        score("tenancy", "thing", classifiers=DJANGO, **said),
    )

    assert made_for > alone
    assert score("tenancy", "thing", summary="Tenancy with Django") == made_for
    assert score("tenancy", "thing", requires_dist=("django>=5",), **said) == made_for


def test_add_ons_of_other_frameworks_lose() -> None:
    said = {"summary": "About tenancy"}

    assert score("tenancy flask", "thing", classifiers=DJANGO, **said) < score("tenancy flask", "thing", **said)
    assert score("tenancy django", "thing", classifiers=DJANGO, **said) > score("tenancy django", "thing", **said)


def test_framework_is_not_made_for_itself() -> None:
    said = {"summary": "About tenancy"}

    assert score("tenancy", "django", **said) == score("tenancy", "thing", **said)


def test_name_variant_applies_to_the_queried_framework_only() -> None:
    # The built-in words say that "multilingual" means as much as "translate".
    assert score("translate", "plone.app.multilingual") >= CORE
    assert score("translate plone", "plone.app.multilingual") >= CORE
    assert score("translate flask", "plone.app.multilingual") < CORE
    assert score("multilingual flask", "plone.app.multilingual") < CORE
    assert score("multilingual", "plone.app.multilingual") >= CORE


COUNTS = st.lists(st.integers(0, 10**9), max_size=600)


@given(COUNTS, st.integers(0, 10**9), st.integers(0, 10**9))
def test_more_downloads_never_rank_lower(counts: list[int], one: int, other: int) -> None:
    scale = build_popularity_scale(counts)
    low, high = sorted((one, other))

    lower, higher = scale.to_percentile(low), scale.to_percentile(high)
    assert counts or (lower, higher) == (None, None)
    assert not counts or 0 <= (lower or 0) <= (higher or 0) <= 1


@given(st.integers(0, 100), st.integers(0, 100))
def test_quality_grows_with_health_and_falls_if_abandoned(one: int, other: int) -> None:
    low, high = sorted((one, other))

    def of(health: int, *, given_up: bool = False) -> float:
        return compute_quality(QualitySignals(health=health, is_abandoned=given_up), PopularityScale(), is_current=None)

    assert of(low) <= of(high)
    assert of(high, given_up=True) == pytest.approx(0.2 * of(high))


def test_unknown_quality_is_average() -> None:
    scale = build_popularity_scale(range(1000))

    def of(downloads: int | None = None, health: int | None = None, current: bool | None = None) -> float:
        return compute_quality(QualitySignals(downloads=downloads, health=health), scale, is_current=current)

    assert of(downloads=0) < of() < of(downloads=999)
    assert of(health=0) < of() < of(health=100)
    assert of(current=False) < of() < of(current=True)


CONCEPTS = build_lexicon(LexiconEntries(concepts=[(["reload page", "part page"], ["htmx", "partial updates"])]))


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("update a page without reloading", 1),
        ("pages that never reload", 1),
        ("partial updates", 0),
        ("reload the configuration", 0),
        ("reload page, only a part of it", 1),
    ],
)
def test_concept_is_asked_for_in_any_order_and_form(text: str, concepts: int) -> None:
    query = parse_query(text, CONCEPTS, frequencies=build_frequencies(0.01))

    assert query is not None
    assert [term.variants for term in query.terms if not term.words] == [
        (Variant(("htmx",)), Variant(("partial", "updates")))
    ] * concepts


def test_package_answers_concept_with_other_words() -> None:
    query = parse_query("reload page", CONCEPTS, frequencies=build_frequencies(0.01))
    assert query is not None
    scores = [
        compute_score(query, build_searchable(Document(registry=build_fields("x", summary=summary))), 0.0, CONCEPTS)
        for summary in ("Uses htmx", "Partial updates", "Updates")
    ]

    assert scores[0] == scores[1] == pytest.approx(0.331, abs=0.001)
    assert scores[2] is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("removing a photo", {("photo", "removing")}),
        ("moving a photo", set()),
        ("users are logged in with a code", {("code", "login")}),
        ("the code that is logged, in production", {("code", "login")}),
        ("code of the log", set()),
        ("login by phone", {("phone",)}),
        ("login by phone with a code sent to the phone", {("code", "login", "phone")}),
        ("delete what is no longer needed on any of my many pages and pictures", set()),
    ],
)
def test_concept_is_asked_for_in_words_of_one_family_near_together(text: str, words: set[tuple[str, ...]]) -> None:
    lexicon = build_lexicon(
        LexiconEntries(
            concepts=[
                (["delete pictures"], ["pruning"]),
                (["login code", "code login phone"], ["otp"]),
                (["phone"], ["telephony"]),
            ],
            families=[["remove", "delete"], ["photo", "picture"], ["login", "logged in"]],
        )
    )

    assert {words for words, _ in lexicon.find_concepts(text.replace(",", "").split())} == words


def test_words_without_meaning_do_not_shorten_a_question() -> None:
    lexicon = build_lexicon(LexiconEntries(stop_words=["please", "recommend", "to", "me"]))
    text = f"{'please recommend to me ' * 5} a htmx helper"

    query = parse_query(text, lexicon, frequencies=build_frequencies(0.01))

    assert query is not None
    assert [term.words for term in query.terms] == [("a",), ("htmx",), ("helper",)]


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("opengraph", "The open graph"),
        ("share opengraph", "The open graph"),
        ("multi tenants", "For multitenants"),
    ],
)
def test_words_that_packages_split_or_join_are_found(text: str, summary: str) -> None:
    searched = build_searchable(Document(registry=build_fields("x", summary=summary)))
    known = set("".join(searched.texts).split())

    def count(word_stem: str) -> int:
        return 5 if word_stem in known else 0

    query = parse_query(text, Lexicon(), frequencies=WordFrequencies(1_000, count, count))
    assert query is not None
    assert compute_score(query, searched, 0.0, Lexicon())


def test_frequent_words_are_not_split() -> None:
    query = parse_query("opengraph", Lexicon(), frequencies=build_frequencies(0.01))
    assert query is not None
    assert [variant.words for term in query.terms for variant in term.variants] == [("opengraph",)]


@pytest.mark.parametrize(
    ("text", "name", "is_found"),
    [
        ("flask-bryph", "flask-bcrypt", True),
        ("djnago-tms", "django-cms", True),
        ("flask-wxt", "flask-wtf", False),
        ("flask-q", "flask-s3", False),
    ],
)
def test_unknown_name_may_have_typos_by_its_complete_length(text: str, name: str, is_found: bool) -> None:
    assert (score(text, name, share=0.0) > MAX_WORDS_SCORE) == is_found


def test_add_on_of_another_framework_needs_its_complete_name() -> None:
    flask, django = (f"Framework :: {name}" for name in ("Flask", "Django"))

    assert score("django sso", "flask-sso", classifiers=(flask,)) < MAX_WORDS_SCORE
    assert score("django sso", "django-sign", summary="SSO", classifiers=(django,)) > score(
        "django sso", "flask-sso", classifiers=(flask,), quality=0.9
    )
    assert score("sso", "flask-sso", classifiers=(flask,)) > MAX_WORDS_SCORE


def test_rare_words_outweigh_frequent_ones() -> None:
    frequencies = WordFrequencies(1_000, lambda stem: 300 if stem == "data" else 3, lambda _: 3)
    query = parse_query("walrus data", Lexicon(), frequencies=frequencies)
    assert query is not None

    def score_summary(summary: str) -> float | None:
        project = build_searchable(Document(registry=build_fields("x", summary=summary)))
        return compute_score(query, project, 0.0, Lexicon())

    rare, frequent, both = (score_summary(summary) for summary in ("walrus", "data", "walrus data"))
    assert frequent is None
    assert rare is not None
    assert both is not None
    assert both > rare > both / 2


def test_quality_decides_between_equal_answers_only() -> None:
    assert score("tenancy", "a", summary="Tenancy", quality=0.9) > score("tenancy", "b", summary="Tenancy", quality=0.1)
    assert score("tenancy walrus", "a", summary="Tenancy", quality=1.0) < score(
        "tenancy walrus", "b", summary="Tenancy of a walrus", quality=0.0
    )
    assert score("tenancy", "a", summary="Tenancy", quality=1.0) < score("tenancy", "tenancy", quality=0.0)


def test_signs_of_use_count_until_downloads_are_known() -> None:
    def compute(downloads: int | None, *, releases: int = 1, dependents: int = 0, **more: Any) -> float:
        signals = QualitySignals(downloads=downloads, release_count=releases, **more)
        scale = build_popularity_scale(range(1_000))
        return compute_quality(signals, scale, is_current=None, dependent_count=dependents)

    assert compute(None) < compute(None, releases=20) < compute(None, dependents=5) < compute(None, dependents=500)
    assert compute(None, releases=500, dependents=500) < compute(999)
    assert compute(None, status=3) < compute(None) < compute(None, status=5) < compute(None, dependents=5)
    assert compute(None) < compute(None, active_days=400) < compute(None, active_days=4_000)
    assert compute(None) < compute(None, framework_versions=("Django 5.0",))
    assert compute(7) == compute(7, releases=20, dependents=500, status=3, active_days=400)


def test_signs_of_use_are_read_from_releases() -> None:
    hit = to_hit(Document(registry=build_fields("x", upload_timestamp=100 * 86_400)))

    signals = to_quality_signals(
        hit, older_uploads=[0, 30 * 86_400, 60 * 86_400], classifiers=["Development Status :: 3 - Alpha"]
    )

    assert (signals.release_count, signals.active_days, signals.status) == (4, 70, 3)
    assert to_quality_signals(hit) == QualitySignals()


def test_framework_is_preferred_in_stemmed_names_and_glued_words_count() -> None:
    rest_framework = score("rest django", "djangorestframework", summary="Web APIs", classifiers=DJANGO)

    assert rest_framework > score("rest django", "flask-restful", summary="Web APIs")
    assert score("rest", "djangorestframework", summary="Web APIs") > 0


@pytest.mark.parametrize(
    ("word", "expected"), [("rdies", ["redis"]), ("cahce", ["cache"]), ("chace", ["cache", "coach"]), ("qzxyw", [])]
)
def test_suggested_words_differ_by_as_few_typos_as_possible(word: str, expected: list[str]) -> None:
    assert select_similar_words(word, ["Redis cache", "coach"]) == expected
