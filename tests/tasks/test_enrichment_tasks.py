"""Tasks that ask others than PyPI: one collection after the other, in turns, and never in a thread that only waits."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.sample.download_table import DownloadTable
from pyf.aggregator.sample.faults import Fault
from pyf.aggregator.sample.github import LocalGitHub
from pyf.aggregator.sample.hosted import Hosted
from pyf.aggregator.sample.pypistats import LocalPypistats
from tasks.conftest import Site

YESTERDAY = datetime.now(UTC).date() - timedelta(1)


@pytest.fixture
def pypistats(site: Site) -> Iterator[LocalPypistats]:
    counts = DownloadTable({name: {YESTERDAY: 7} for name in ("plone-api", "both-worlds", "flask-thing")}, YESTERDAY)
    with LocalPypistats(counts) as pypistats:
        site.set(pypistats_base_url=pypistats.url, pypistats_rate_limit_delay=0, pypistats_max_retries=0)
        site.fill("plone", "flask")
        yield pypistats


@pytest.fixture
def github(site: Site) -> Iterator[LocalGitHub]:
    with LocalGitHub([Hosted(path="o/both", stars=86)]) as github:
        site.set(github_api_url=github.url, github_token=github.token, github_request_delay=0)
        info = {"classifiers": ["Framework :: Plone", "Framework :: Flask"], "home_page": "https://github.com/o/both"}
        site.pypi.ecosystem.publish("both.worlds", "2.0", info=info)
        site.fill("plone", "flask")
        yield github


def test_downloads_of_every_collection_are_counted_and_each_project_is_asked_about_once(
    site: Site, pypistats: LocalPypistats
) -> None:
    told = site.do("enrich_downloads_all_packages")

    assert (told["status"], list(told["collections"])) == ("done", ["flask", "plone"])
    assert pypistats.requests.total == 4
    (document,) = site.shop.services.index.documents("plone", "both-worlds")
    assert document.as_mapping()["download_last_day"] == 7


def test_downloads_that_there_was_no_time_for_are_counted_in_the_next_turn(
    site: Site, pypistats: LocalPypistats
) -> None:
    site.set(celery_long_task_soft_time_limit=1)
    pypistats.latency = 1.0

    first = site.do("enrich_downloads_all_packages")
    pypistats.latency = 0
    assert (first["status"], site.waiting()) == ("partial", {"enrich_downloads_all_packages": 1})
    *_, last = site.work()

    assert last["status"] == "done"
    # One that was under way when the time was up is asked about again.
    assert pypistats.requests.total <= 5


def test_a_source_that_does_not_answer_fails_the_task_which_is_tried_again(
    site: Site, pypistats: LocalPypistats
) -> None:
    pypistats.faults.add(Fault("503"))

    with pytest.raises(Unavailable, match="pypistats does not answer"):
        site.do("enrich_downloads_all_packages")

    assert site.remembered("pyf:lock:*") == []


def test_repositories_of_every_collection_are_asked_about_once(site: Site, github: LocalGitHub) -> None:
    told = site.do("enrich_github_all_packages")

    assert (told["status"], told["collections"]["plone"]["remembered"]) == ("done", 1)
    for collection in ("plone", "flask"):
        document, *_ = site.shop.services.index.documents(collection, "both-worlds")
        assert document.as_mapping()["github_stars"] == 86


def test_a_long_pause_that_github_asks_for_is_no_waiting(site: Site, github: LocalGitHub) -> None:
    """The test would take a minute; what is raised is tried again after it."""
    github.faults.add(Fault("secondary_limit"))

    with pytest.raises(Unavailable) as refusal:
        site.do("update_github", "both.worlds")

    assert refusal.value.retry_after == 60
