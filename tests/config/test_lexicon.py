"""The words that searches know, and those that a user adds."""

from pathlib import Path

import pytest

from pyf.aggregator.config.lexicon import load_lexicon
from pyf.aggregator.domain.errors import Invalid
from support.config_files import assert_file_is_rejected


def test_file_extends_built_in_lexicon(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("synonyms: [[ga, Google Analytics]]\nframeworks: [Guillotina]\n")

    own, mine = load_lexicon(), load_lexicon(str(tmp_path / "mine.yaml"))

    assert mine.synonyms[("ga",)] == (("google", "analytics"),)
    assert mine.frameworks == own.frameworks | {"guillotina"}
    assert mine.synonyms.keys() > own.synonyms.keys()


def test_packaged_words_name_one_abbreviated_package() -> None:
    lexicon = load_lexicon()
    phrases = [*lexicon.synonyms, *(phrase for concept in lexicon.concepts for phrase in concept.search)]
    names = {"".join(phrase) for phrase in phrases if len(phrase) > 1}

    assert {word for word in names if word.startswith(("django", "flask", "plone"))} == {"djangorestframework"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- a", "must be a mapping"),
        ("words: [a]", "must be a mapping"),
        ("synonyms: [a, b]", "'synonyms:'"),
        ("related: [a]", "'related:'"),
        ("related: {a: b}", "'related:' of 'a'"),
        ("stop_words: {a: b}", "'stop_words:'"),
        ("prefixes: [[a]]", "'prefixes:'"),
        ("synonyms: [['', b]]", "'' has no word"),
        ("related: {b: ['&&']}", "'&&' has no word"),
        ("related: {'&&': [b]}", "'&&' has no word"),
        ("stop_words: [in, on]", "need quotes"),
        ("concepts: [a]", "'concepts:'"),
        ("families: [a]", "'families:'"),
        ("concepts: [{asked: [a]}]", "'concepts:'"),
        ("concepts: [{asked: [a], search: ['&&']}]", "'&&' has no word"),
        ("frameworks: [", "not YAML"),
    ],
)
def test_invalid_lexicon_file_is_one_line_error(tmp_path: Path, text: str, problem: str) -> None:
    assert_file_is_rejected(load_lexicon, tmp_path / "mine.yaml", text.encode(), "SYNONYMS_FILE", problem)


def test_empty_file_adds_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("synonyms:\n")

    assert load_lexicon(str(tmp_path / "mine.yaml")).synonyms == load_lexicon().synonyms


def test_missing_file_is_rejected() -> None:
    with pytest.raises(Invalid, match=r"SYNONYMS_FILE nowhere\.yaml"):
        load_lexicon("nowhere.yaml")
