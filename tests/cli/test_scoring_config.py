"""Configuration of the score: the built-in file, a user's values, and messages for each mistake."""

from datetime import date
from pathlib import Path

import pytest

from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.config.scoring import load_scoring_config
from pyf.aggregator.domain.membership.profile import Profile
from support.cli_runner import CommandRunner
from support.config_files import assert_file_is_rejected


def test_model_weights_sum_to_100() -> None:
    assert {name: sum(weights.values()) for name, weights in load_scoring_config().models.items()} == {
        "basic": 100,
        "full": 100,
    }


def test_cap_limits() -> None:
    assert {name: cap.at_most for name, cap in load_scoring_config().caps.items()} == {
        "not-installable": 0,
        "retired": 20,
        "inactive": 25,
        "repository-archived": 30,
        "given-up": 40,
        "python-excluded": 40,
        "advisory": 50,
        "pre-releases-only": 60,
    }


def test_file_overrides_single_values(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("models: {basic: {recency: 50}}\ncaps: {inactive: {at_most: 10}}\nthresholds: {dormant: 0.5}\n")

    mine, built_in = load_scoring_config(str(file)), load_scoring_config()

    assert mine.models["basic"] == built_in.models["basic"] | {"recency": 50}
    assert (mine.caps["inactive"].at_most, mine.caps["retired"].at_most) == (10, 20)
    assert mine.caps["inactive"].read_more == built_in.caps["inactive"].read_more
    assert (mine.thresholds.dormant, mine.thresholds.decay) == (0.5, built_in.thresholds.decay)


def test_profile_versions_are_known_by_framework_name() -> None:
    mine = Profile(key="m", name="M", classifiers=("Framework :: Mine", "Topic :: X"), releases={"1.0": None})
    newer = Profile(key="z", name="Z", classifiers=("Framework :: Zope",), releases={"4": date(2040, 1, 1)})

    standards = load_scoring_config(profiles=[mine, newer, *load_profiles().values()])

    assert standards.frameworks["Mine"] == {"1.0": None}
    assert standards.frameworks["Zope"]["4"] == date(2040, 1, 1)
    assert "5" in standards.frameworks["Zope"]
    assert "6.0" in standards.frameworks["Plone"]
    assert "Flask" not in standards.frameworks


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"models: [", "not YAML"),
        (b"\xff\xfe", "not UTF-8 text"),
        (b"", "must be a mapping with one of models, rules, caps, thresholds, pythons, frameworks"),
        (b"- 1", "must be a mapping with one of models"),
        (b"modles: {}", "unknown field modles"),
        (b"models: {basic: {recency: much}}", "Expected float, got str - at models"),
        (b"models: {basic: {recency: -1}}", "Expected float >= 0.0"),
        (b"models: {basic: {recency: .nan}}", "Expected float"),
        (b"models: {basic: {fame: 1}}", "there is no group of the model basic fame"),
        (b"models: {huge: {recency: 1}}", "there is no model huge; there are basic, full"),
        (b"models: {basic: {recency: 0, documentation: 0, metadata: 0}}", "the model basic gives no rule any weight"),
        (b"models: ", "Expected object, got null"),
        (b"rules: {recency: {speed: {weight: 1}}}", "there is no rule of recency speed; there are release"),
        (b"rules: {fame: {stars: {weight: 1}}}", "there is no group fame"),
        (b"rules: {recency: {release: {shares: 1}}}", "unknown field shares"),
        (b"caps: {retired: {at_most: 101}}", "Expected int <= 100"),
        (b"caps: {tired: {at_most: 1}}", "there is no cap tired"),
        (b"thresholds: {dormant: 2}", "Expected float <= 1.0 - at thresholds.dormant"),
        (b"thresholds: {decay: 0}", "Expected float > 0.0"),
        (b"pythons: {'3.x': 2026-01-01}", "pythons"),
        (b"pythons: {'3.9': soon}", "date - at pythons"),
        (b"pythons: {3.9: 2026-01-01}", "pythons"),
        (b"frameworks: {Plone: {'6.0': 2026}}", "frameworks"),
    ],
)
def test_invalid_file_error_names_file_and_position(tmp_path: Path, content: bytes, message: str) -> None:
    assert_file_is_rejected(load_scoring_config, tmp_path / "mine.yaml", content, "HEALTH_FILE", message)


@pytest.mark.parametrize("path", ["missing.yaml", ".", "~nobody-has-this-name/mine.yaml"])
def test_unreadable_file_is_one_line_error(shell: CommandRunner, path: str) -> None:
    result = shell.invoke("-f", "-p", "plone", health_file=path)

    assert (result.code, result.error.startswith(f"HEALTH_FILE {path}: ")) == (2, True)
