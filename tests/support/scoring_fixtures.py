"""Signals and scoring configuration for tests: a complete and good package unless a test changes it."""

from datetime import UTC, date, datetime
from typing import Any

from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.config.scoring import load_scoring_config
from pyf.aggregator.domain.health import Signals
from pyf.aggregator.domain.health.rules import IssueCounts, RuleContext

SCORING_CONFIG = load_scoring_config(profiles=load_profiles().values())
DAY = 86_400


def to_timestamp(day: date) -> int:
    """Return the beginning of a day, in Unix seconds."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


NOW = to_timestamp(date(2026, 9, 1))


def days_before_now(days: float) -> int:
    return int(NOW - days * DAY)


def build_signals(**changes: Any) -> Signals:
    """Return the facts of a package of which nothing bad is known, with some of them changed."""
    values: dict[str, Any] = {
        "has_repository": True,
        "version": "2.1.4",
        "released_at": days_before_now(10),
        "releases": 30,
        "bugfix_releases": 12,
        "is_prerelease_only": False,
        "is_installable": True,
        "status": "active",
        "is_inactive": False,
        "abandonment_notice": "",
        "prose_length": 4000,
        "has_example": True,
        "docs_link": "https://good.readthedocs.io",
        "changelog": "in the README",
        "has_install_section": True,
        "license": "MIT",
        "license_name": "",
        "source": "https://github.com/good/good",
        "summary": "Does what it should",
        "tracker": "https://github.com/good/good/issues",
        "contact": "good@example.org",
        "requires_python": ">=3.11",
        "python_versions": ("Python 3.12", "Python 3.13"),
        "framework_versions": ("Plone 6.0", "Plone 6.1"),
        "frameworks": ("Plone",),
        "has_wheel": True,
        "last_commit": days_before_now(3),
        "issues": IssueCounts(open=2, closed=98),
        "maintainers": 3,
        "is_repository_archived": False,
        "advisories": (),
        "has_attestations": True,
    }
    return Signals(**values | changes)


def build_context(**changes: Any) -> RuleContext:
    return RuleContext(build_signals(**changes), SCORING_CONFIG, NOW)
