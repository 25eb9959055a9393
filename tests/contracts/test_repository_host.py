"""Contract of `RepositoryHost`."""

from collections.abc import Iterable, Iterator

import pytest
from msgspec import UNSET

from pyf.aggregator.domain.errors import NotFound, Unavailable
from pyf.aggregator.domain.repositories import Repository, RepositoryRef
from pyf.aggregator.ports import RepositoryResult
from support.repository_hosts import REPOSITORY_HOSTS, RepositoryHostPorts, to_ref


@pytest.fixture(params=REPOSITORY_HOSTS)
def host(request: pytest.FixtureRequest) -> Iterator[RepositoryHostPorts]:
    with REPOSITORY_HOSTS[request.param]() as host:
        yield host


def fetch_by_ref(host: RepositoryHostPorts, refs: Iterable[RepositoryRef]) -> dict[RepositoryRef, RepositoryResult]:
    return {finding.ref: finding for batch in host.repositories.fetch_repositories(refs) for finding in batch}


def fetch_one(host: RepositoryHostPorts, path: str) -> RepositoryResult:
    return fetch_by_ref(host, [to_ref(path)])[to_ref(path)]


def test_repository_is_reported_completely(host: RepositoryHostPorts) -> None:
    finding = fetch_one(host, "plone/plone.api")

    assert isinstance(finding.outcome, Repository)
    assert finding.outcome.ref.path == "Plone/Plone.Api"
    expected = {
        "stars": 90,
        "watchers": 12,
        "forks": 60,
        "open_issues": 0,
        "open_pull_requests": 0,
        "is_archived": False,
        "license": "GPL-2.0",
        "topics": ("plone", "api"),
        "created": 1_336_636_800,
        "updated": 1_767_312_000,
        "pushed": 1_767_225_600,
    }
    expected |= dict.fromkeys(host.unknown, UNSET)
    assert {name: getattr(finding.outcome, name) for name in expected} == expected
    assert "lone.Api" in finding.raw_response


@pytest.mark.parametrize("before", ["collective/plone.api", "EVEN-OLDER/plone.api"])
def test_moved_repository_has_new_url(host: RepositoryHostPorts, before: str) -> None:
    finding = fetch_one(host, before)

    assert isinstance(finding.outcome, Repository)
    assert (finding.ref.path, finding.outcome.ref.path) == (before, "Plone/Plone.Api")


@pytest.mark.parametrize("path", ["o/nobody", "o/private"])
def test_missing_or_private_repository_is_not_found(host: RepositoryHostPorts, path: str) -> None:
    answer = fetch_one(host, path).outcome

    assert isinstance(answer, NotFound)
    assert path in str(answer)


def test_archived_flag_and_unnamed_license(host: RepositoryHostPorts) -> None:
    answer = fetch_one(host, "o/archived").outcome

    assert isinstance(answer, Repository)
    assert (answer.is_archived, answer.license) == (True, UNSET)


def test_empty_repository_has_no_commit_or_push(host: RepositoryHostPorts) -> None:
    answer = fetch_one(host, "o/empty").outcome

    assert isinstance(answer, Repository)
    assert (answer.last_commit, answer.pushed) == (UNSET, UNSET)


def test_failure_affects_one_repository(host: RepositoryHostPorts) -> None:
    host.fail_repository()

    findings = fetch_by_ref(host, [to_ref("o/archived"), to_ref("o/down"), to_ref("o/nobody"), to_ref("o/empty")])

    assert isinstance(findings[to_ref("o/down")].outcome, Unavailable)
    assert not isinstance(findings[to_ref("o/down")].outcome, NotFound)
    assert isinstance(findings[to_ref("o/nobody")].outcome, NotFound)
    assert all(isinstance(findings[to_ref(path)].outcome, Repository) for path in ("o/archived", "o/empty"))
    assert len(findings) == 4


def test_requests_are_taken_while_results_arrive(host: RepositoryHostPorts) -> None:
    """Addresses are taken as the asking goes on, not all of them before."""
    queue = [to_ref(f"o/nobody-{number}") for number in range(52)]
    added = [to_ref("o/archived"), to_ref("o/empty")]

    def taken() -> Iterator[RepositoryRef]:
        while queue:
            yield queue.pop(0)

    answers: list[RepositoryResult] = []
    for batch in host.repositories.fetch_repositories(taken()):
        answers += batch
        queue += added
        added.clear()

    assert len({finding.ref for finding in answers}) == len(answers) == 54


def test_empty_batch_sends_no_request(host: RepositoryHostPorts) -> None:
    assert fetch_by_ref(host, []) == {}
    assert host.meter.count() == 0


def test_too_long_pause_ends_the_run_with_its_end(
    host: RepositoryHostPorts,
) -> None:
    host.exhaust_limit()

    with pytest.raises(Unavailable) as stopped:
        fetch_by_ref(host, [to_ref("o/archived")])

    assert (stopped.value.retry_after or 0) > 120
    assert host.pauses == []
