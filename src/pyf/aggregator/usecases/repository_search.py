"""Says of each project where its repository may be, and who else says the same of theirs."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from msgspec import UNSET

from ..domain.project import normalized
from ..domain.repository_address import GITHUB, RepositoryAddress
from ..domain.repository_claims import Claim
from ..domain.repository_links import candidates
from ..domain.schema import RepositoryFields
from ..ports import Services
from .target import Target, not_held

# Projects that are read from the index at once, with all of their releases.
_AT_ONCE = 100


@dataclass
class Search:
    """The search for one project's repository.

    `untried` are the addresses that may be it, the best first; `gone` those where nothing was found. `elsewhere` is
    set where the project is on a host that is not asked. `before` is what was written of it last.
    """

    name: str
    claim: Claim
    untried: deque[RepositoryAddress] = field(default_factory=deque)
    gone: list[RepositoryAddress] = field(default_factory=list)
    elsewhere: RepositoryAddress | None = None
    before: RepositoryFields = RepositoryFields()

    @property
    def last_checked(self) -> int:
        """When the repository was last looked for, in Unix seconds; 0 for never."""
        checked = self.before.github_checked
        return 0 if checked is UNSET else checked


def searches(services: Services, target: Target, *, name: str = "", limit: int | None = None) -> list[Search]:
    """Return the searches for a collection's projects, or for one (in any spelling), the longest unseen first.

    Raises `NotFound` for a name that the collection does not hold.
    """
    collection = target.collection
    names: Iterable[str] = (
        [normalized(name)] if name else (holding.name_normalized for holding in services.index.holdings(collection))
    )
    found = sorted(_searches(services, collection, names), key=lambda search: (search.last_checked, search.name))
    if name and not found:
        raise not_held(services, target, name)
    return found[:limit]


def _searches(services: Services, collection: str, names: Iterable[str]) -> Iterator[Search]:
    remaining = iter(names)
    while some := list(islice(remaining, _AT_ONCE)):
        held = services.index.held(collection, some)
        written = services.index.enrichments(collection, some)
        for name, releases in held.items():
            before = written[name].repository if name in written else UNSET
            yield _search(name, candidates(releases), releases[0].maintainers, before or RepositoryFields())


def _search(
    name: str, addresses: Sequence[RepositoryAddress], people: tuple[str, ...], before: RepositoryFields
) -> Search:
    search = Search(name=name, claim=Claim(project=name, people=people), before=before)
    # The best link of all says where the project is: a mirror or a former home says little about one that has moved.
    if addresses and addresses[0].host != GITHUB:
        search.elsewhere = addresses[0]
    else:
        search.untried.extend(address for address in addresses if address.host == GITHUB)
    return search
