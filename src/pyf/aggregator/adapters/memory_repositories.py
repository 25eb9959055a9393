"""A host of repositories in memory, for tests: the shortest statement of what a host does."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from msgspec.json import encode

from ..domain.errors import AggregatorError, NotFound, Unavailable
from ..domain.repository import Repository
from ..domain.repository_address import RepositoryAddress
from ..ports import Allowance, Finding


class MemoryRepositoryHost:
    """The port `RepositoryHost` in memory; a `RequestMeter` of the requests that another host would have been sent.

    `moved` leads from an old address to a repository's own. `down` holds the addresses that nobody answers for, and
    `refusal` is raised instead of answering any further request; with `is_partial` it claims to tell only parts.
    """

    def __init__(self, repositories: Iterable[Repository] = (), *, batch: int = 50) -> None:
        self._batch = batch
        self._requests = 0
        self.repositories = {repository.address: repository for repository in repositories}
        self.moved: dict[RepositoryAddress, RepositoryAddress] = {}
        self.down: set[RepositoryAddress] = set()
        self.refusal: AggregatorError | None = None
        self.allowed: Allowance | None = None
        self.is_partial = False
        self.asked: list[RepositoryAddress] = []

    def look_up(self, addresses: Iterable[RepositoryAddress]) -> Iterator[Sequence[Finding]]:
        remaining = iter(addresses)
        while some := list(islice(remaining, self._batch)):
            if self.refusal is not None:
                raise self.refusal
            self._requests += 1
            self.asked += some
            yield [self._finding(address) for address in some]

    def allowance(self) -> Allowance | None:
        return self.allowed

    def count(self) -> int:
        return self._requests

    def _finding(self, address: RepositoryAddress) -> Finding:
        if address in self.down:
            return Finding(address=address, answer=Unavailable(f"{address.url}: no answer"))
        repository = self.repositories.get(self.moved.get(address, address))
        if repository is None:
            return Finding(address=address, answer=NotFound(f"there is no repository {address.path}"))
        return Finding(address=address, answer=repository, told=encode(repository).decode())
