"""What every `RepositoryHost` keeps to."""

from collections.abc import Iterable, Iterator

import pytest
from msgspec import UNSET

from pyf.aggregator.domain.errors import NotFound, Unavailable
from pyf.aggregator.domain.repository import Repository
from pyf.aggregator.domain.repository_address import RepositoryAddress
from pyf.aggregator.ports import Finding
from repository_hosts import HOSTS, Host, at


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    with HOSTS[request.param]() as host:
        yield host


def found(host: Host, addresses: Iterable[RepositoryAddress]) -> dict[RepositoryAddress, Finding]:
    return {finding.address: finding for batch in host.repositories.look_up(addresses) for finding in batch}


def the(host: Host, path: str) -> Finding:
    return found(host, [at(path)])[at(path)]


def test_a_repository_is_told_with_what_the_host_knows_of_it(host: Host) -> None:
    finding = the(host, "plone/plone.api")

    assert isinstance(finding.answer, Repository)
    told = finding.answer
    assert (told.address.path, told.stars, told.watchers, told.forks) == ("Plone/Plone.Api", 90, 12, 60)
    assert (told.open_issues, told.open_pull_requests, told.is_archived) == (0, 0, False)
    assert (told.license, told.topics) == ("GPL-2.0", ("plone", "api"))
    assert (told.created, told.updated, told.pushed) == (1_336_636_800, 1_767_312_000, 1_767_225_600)
    assert "lone.Api" in finding.told


@pytest.mark.parametrize("before", ["collective/plone.api", "EVEN-OLDER/plone.api"])
def test_one_that_has_moved_is_told_with_its_new_address(host: Host, before: str) -> None:
    finding = the(host, before)

    assert isinstance(finding.answer, Repository)
    assert (finding.address.path, finding.answer.address.path) == (before, "Plone/Plone.Api")


@pytest.mark.parametrize("path", ["o/nobody", "o/private"])
def test_one_that_is_not_there_or_not_public_is_not_found(host: Host, path: str) -> None:
    answer = the(host, path).answer

    assert isinstance(answer, NotFound)
    assert path in str(answer)


def test_an_archived_one_says_so_and_a_licence_that_has_no_name_is_unknown(host: Host) -> None:
    answer = the(host, "o/archived").answer

    assert isinstance(answer, Repository)
    assert (answer.is_archived, answer.license) == (True, UNSET)


def test_an_empty_one_has_neither_commit_nor_push(host: Host) -> None:
    answer = the(host, "o/empty").answer

    assert isinstance(answer, Repository)
    assert (answer.last_commit, answer.pushed) == (UNSET, UNSET)


def test_a_failure_concerns_its_own_address_only(host: Host) -> None:
    host.silence()

    findings = found(host, [at("o/archived"), at("o/down"), at("o/nobody"), at("o/empty")])

    assert isinstance(findings[at("o/down")].answer, Unavailable)
    assert not isinstance(findings[at("o/down")].answer, NotFound)
    assert isinstance(findings[at("o/nobody")].answer, NotFound)
    assert all(isinstance(findings[at(path)].answer, Repository) for path in ("o/archived", "o/empty"))
    assert len(findings) == 4


def test_what_is_found_may_add_to_what_is_asked(host: Host) -> None:
    """Addresses are taken as the asking goes on, not all of them before."""
    queue = [at(f"o/nobody-{number}") for number in range(52)]
    added = [at("o/archived"), at("o/empty")]

    def taken() -> Iterator[RepositoryAddress]:
        while queue:
            yield queue.pop(0)

    answers: list[Finding] = []
    for batch in host.repositories.look_up(taken()):
        answers += batch
        queue += added
        added.clear()

    assert len({finding.address for finding in answers}) == len(answers) == 54


def test_nothing_asked_is_no_request(host: Host) -> None:
    assert found(host, []) == {}
    assert host.meter.count() == 0


def test_a_host_that_wants_a_longer_pause_than_is_waited_for_ends_it_and_says_when_to_come_back(host: Host) -> None:
    host.refuse()

    with pytest.raises(Unavailable) as stopped:
        found(host, [at("o/archived")])

    assert (stopped.value.retry_after or 0) > 120
    assert host.pauses == []
