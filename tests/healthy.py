"""Facts and standards for tests of the score: everything about a package is known and good unless a test says so."""

from datetime import UTC, date, datetime
from typing import Any

from pyf.aggregator.adapters.profiles import load_profiles
from pyf.aggregator.adapters.standards import load_standards
from pyf.aggregator.domain.health import Facts
from pyf.aggregator.domain.health.facts import Issues
from pyf.aggregator.domain.health.judging import Case

STANDARDS = load_standards(profiles=load_profiles().values())
DAY = 86_400


def moment(day: date) -> int:
    """Return the beginning of a day, in Unix seconds."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


NOW = moment(date(2026, 9, 1))


def days_ago(days: float) -> int:
    return int(NOW - days * DAY)


def facts(**changes: Any) -> Facts:
    """Return the facts of a package of which nothing bad is known, with some of them changed."""
    good: dict[str, Any] = {
        "has_repository": True,
        "version": "2.1.4",
        "released": days_ago(10),
        "releases": 30,
        "bugfix_releases": 12,
        "is_prerelease_only": False,
        "is_installable": True,
        "status": "active",
        "is_inactive": False,
        "farewell": "",
        "prose": 4000,
        "has_example": True,
        "docs_link": "https://good.readthedocs.io",
        "changelog": "in the README",
        "has_install_section": True,
        "licence": "MIT",
        "named_licence": "",
        "source": "https://github.com/good/good",
        "summary": "Does what it should",
        "tracker": "https://github.com/good/good/issues",
        "contact": "good@example.org",
        "requires_python": ">=3.11",
        "python_versions": ("Python 3.12", "Python 3.13"),
        "framework_versions": ("Plone 6.0", "Plone 6.1"),
        "frameworks": ("Plone",),
        "has_wheel": True,
        "last_commit": days_ago(3),
        "issues": Issues(open=2, closed=98),
        "maintainers": 3,
        "is_repository_archived": False,
        "advisories": (),
        "has_attestations": True,
    }
    return Facts(**good | changes)


def case(**changes: Any) -> Case:
    return Case(facts(**changes), STANDARDS, NOW)
