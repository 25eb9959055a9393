"""What a user's YAML file may not contain: what YAML reads in another way than its author means."""

from pathlib import Path
from typing import Any

import pytest

from pyf.aggregator.config.lexicon import load_lexicon
from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.config.scoring import load_scoring_config
from pyf.aggregator.domain.errors import Invalid

LOADERS = {"PROFILES_FILE": load_profiles, "HEALTH_FILE": load_scoring_config, "SYNONYMS_FILE": load_lexicon}
QUOTES = "yes, no, on, off, true, false and null need quotes"


def get_rejection(tmp_path: Path, setting: str, text: str) -> str:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    load: Any = LOADERS[setting]
    with pytest.raises(Invalid) as rejection:
        load(str(path))
    return str(rejection.value).removeprefix(f"{setting} {path}")


@pytest.mark.parametrize(
    ("setting", "text", "reason"),
    [
        (
            "PROFILES_FILE",
            'profiles:\n  wagtail: {classifiers: ["Framework :: Wagtail"]}\n  wagtail: {requires: [wagtail]}\n',
            ", line 3: the key wagtail stands twice, before in line 2",
        ),
        (
            "PROFILES_FILE",
            'profiles:\n  w:\n    classifiers: ["Framework :: Wagtail"]\n    name: W\n    name: V\n',
            ", line 5: the key name stands twice, before in line 4",
        ),
        ("SYNONYMS_FILE", "related:\n  a: [b]\n  a: [c]\n", ", line 3: the key a stands twice, before in line 2"),
        ("HEALTH_FILE", "caps:\n  x: 1\ncaps:\n  y: 1\n", ", line 3: the key caps stands twice, before in line 1"),
        (
            "PROFILES_FILE",
            'profiles:\n  no: {classifiers: ["Framework :: Wagtail"]}\n',
            ', line 2: {QUOTES}: "no". YAML reads it as False',
        ),
        (
            "PROFILES_FILE",
            "profiles:\n  w:\n    requires: [wagtail]\n    exclude:\n      null: it is gone\n",
            ', line 5: {QUOTES}: "null". YAML reads it as None',
        ),
        (
            "PROFILES_FILE",
            "profiles:\n  w:\n    requires: [wagtail, on]\n",
            ', line 3: {QUOTES}: "on". YAML reads it as True',
        ),
        (
            "SYNONYMS_FILE",
            "related:\n  off: [b]\n",
            ', line 2: {QUOTES}: "off". YAML reads it as False',
        ),
    ],
)
def test_ambiguous_parts_are_rejected_with_their_line(tmp_path: Path, setting: str, text: str, reason: str) -> None:
    assert get_rejection(tmp_path, setting, text) == reason.replace("{QUOTES}", QUOTES)


@pytest.mark.parametrize(
    ("classifier", "reason"),
    [
        ("Framework :: Wagtail", 'the classifier needs quotes: "Framework :: Wagtail"'),
        ('"Framework:: Wagtail"', 'Did you mean "Framework :: Wagtail"?'),
        ('"Framework::Django::5.0"', 'Did you mean "Framework :: Django :: 5.0"?'),
        ('"framework :: wagtail"', 'Did you mean "Framework :: Wagtail"?'),
        ('"Framework  ::  Plone"', 'Did you mean "Framework :: Plone"?'),
        ('"Framework : Plone"', 'Did you mean "Framework :: Plone"?'),
        ("wagtail", 'is not a classifier, whose parts are separated by " :: ". Did you mean "Framework :: Wagtail"?'),
        ('"Framework :: "', "is not a classifier"),
    ],
)
def test_wrong_classifier_gets_line_and_likely_one(tmp_path: Path, classifier: str, reason: str) -> None:
    text = f'profiles:\n  mine:\n    classifiers:\n      - "Framework :: Plone"\n      - {classifier}\n'

    rejection = get_rejection(tmp_path, "PROFILES_FILE", text)

    assert rejection.startswith(": profile mine, line 5: ")
    assert reason in rejection


def test_unquoted_classifier_of_three_parts(tmp_path: Path) -> None:
    text = "profiles:\n  mine:\n    classifiers:\n      - Framework :: Plone :: 6.0\n"

    rejection = get_rejection(tmp_path, "PROFILES_FILE", text)

    assert "line 4" in rejection
    assert rejection.endswith('. Text that contains a colon and a space needs quotes: "Framework :: Plone :: 6.0"')


def test_unknown_classifier_in_the_right_form_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text('profiles: {mine: {classifiers: ["Framework :: Quite New :: 1.0"]}}')

    assert load_profiles(str(path))["mine"].classifiers == ("Framework :: Quite New :: 1.0",)


def test_anchors_and_merged_mappings_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text('profiles:\n  a: &a {name: A, classifiers: ["Framework :: Wagtail"]}\n  b: {<<: *a, name: B}\n')

    profiles = load_profiles(str(path))

    assert (profiles["b"].name, profiles["b"].classifiers) == ("B", profiles["a"].classifiers)
