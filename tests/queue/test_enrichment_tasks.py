"""Tasks that enrich collections with GitHub data and download counts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.sandbox.downloads import DownloadTable, LocalPypistats
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.sandbox.github import LocalGitHub
from pyf.aggregator.sandbox.github_fixtures import HostedRepository
from support.queue_site import QueueSite

YESTERDAY = datetime.now(UTC).date() - timedelta(1)


@pytest.fixture
def pypistats(site: QueueSite) -> Iterator[LocalPypistats]:
    counts = DownloadTable({name: {YESTERDAY: 7} for name in ("plone-api", "both-worlds", "flask-thing")}, YESTERDAY)
    with LocalPypistats(counts) as pypistats:
        site.configure(pypistats_base_url=pypistats.url, pypistats_rate_limit_delay=0, pypistats_max_retries=0)
        site.fill("plone", "flask")
        yield pypistats


@pytest.fixture
def github(site: QueueSite) -> Iterator[LocalGitHub]:
    with LocalGitHub([HostedRepository(path="o/both", stars=86)]) as github:
        site.configure(github_api_url=github.url, github_token=github.token, github_request_delay=0)
        info = {"classifiers": ["Framework :: Plone", "Framework :: Flask"], "home_page": "https://github.com/o/both"}
        site.pypi.registry.publish("both.worlds", "2.0", info=info)
        site.fill("plone", "flask")
        yield github


def test_enrich_downloads_requests_each_project_once(site: QueueSite, pypistats: LocalPypistats) -> None:
    result = site.run_task("enrich_downloads_all_packages")

    assert (result["status"], list(result["collections"])) == ("done", ["flask", "plone"])
    assert pypistats.requests.total == 4
    (document,) = site.context.deps.index.get_project_documents("plone", "both-worlds")
    assert document.to_dict()["download_last_day"] == 7


def test_enrich_downloads_continues_in_the_next_slice(site: QueueSite, pypistats: LocalPypistats) -> None:
    site.configure(celery_long_task_soft_time_limit=1)
    pypistats.latency = 1.0

    first = site.run_task("enrich_downloads_all_packages")
    pypistats.latency = 0
    assert (first["status"], site.count_queued()) == ("incomplete", {"enrich_downloads_all_packages": 1})
    *_, last = site.run_queued()

    assert last["status"] == "done"
    # The request that was running at the deadline is repeated.
    assert pypistats.requests.total <= 5


def test_unavailable_source_fails_and_releases_the_lock(site: QueueSite, pypistats: LocalPypistats) -> None:
    pypistats.faults.add(Fault("503"))

    with pytest.raises(Unavailable, match="pypistats does not respond"):
        site.run_task("enrich_downloads_all_packages")

    assert site.redis_keys("pyf:lock:*") == []


@pytest.mark.parametrize("task", ["enrich_github_all_packages", "enrich_repositories_all_packages"])
def test_enrich_requests_each_repository_once(site: QueueSite, github: LocalGitHub, task: str) -> None:
    result = site.run_task(task)

    assert (result["status"], result["collections"]["plone"]["cached"]) == ("done", 1)
    for collection in ("plone", "flask"):
        document, *_ = site.context.deps.index.get_project_documents(collection, "both-worlds")
        assert document.to_dict()["repository_stars"] == 86


def test_github_retry_after_is_passed_to_celery(site: QueueSite, github: LocalGitHub) -> None:
    """The raised error carries the pause, so the test does not have to wait for it."""
    github.faults.add(Fault("secondary_limit"))

    with pytest.raises(Unavailable) as error:
        site.run_task("update_github", "both.worlds")

    assert error.value.retry_after == 60
