"""Says of each project where its repository may be, and who else says the same of theirs."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from msgspec import UNSET

from ..domain.project import normalize_name
from ..domain.repository_address import GITHUB, RepositoryRef
from ..domain.repository_claims import RepositoryClaim
from ..domain.repository_links import list_repository_candidates
from ..domain.schema import RepositoryFields
from ..ports import Dependencies
from .target import Target, build_not_found_error

# Projects that are read from the index at once, with all of their releases.
_LOOKUP_BATCH = 100


@dataclass
class RepositoryLookup:
    """The search for one project's repository.

    `untried` are the addresses that may be it, the best first; `gone` those where nothing was found. `elsewhere` is
    set where the project is on a host that is not asked. `before` is what was written of it last.
    """

    name: str
    claim: RepositoryClaim
    candidates: deque[RepositoryRef] = field(default_factory=deque)
    not_found: list[RepositoryRef] = field(default_factory=list)
    other_host: RepositoryRef | None = None
    previous: RepositoryFields = RepositoryFields()

    @property
    def last_checked(self) -> int:
        """When the repository was last looked for, in Unix seconds; 0 for never."""
        checked = self.previous.github_checked
        return 0 if checked is UNSET else checked


def list_lookups(deps: Dependencies, target: Target, *, name: str = "", limit: int | None = None) -> list[RepositoryLookup]:
    """Return the searches for a collection's projects, or for one (in any spelling), the longest unseen first.

    Raises `NotFound` for a name that the collection does not hold.
    """
    collection = target.collection
    names: Iterable[str] = (
        [normalize_name(name)] if name else (project_state.name_normalized for project_state in deps.index.project_states(collection))
    )
    lookups = sorted(_iter_lookups(deps, collection, names), key=lambda lookup: (lookup.last_checked, lookup.name))
    if name and not lookups:
        raise build_not_found_error(deps, target, name)
    return lookups[:limit]


def _iter_lookups(deps: Dependencies, collection: str, names: Iterable[str]) -> Iterator[RepositoryLookup]:
    remaining = iter(names)
    while batch := list(islice(remaining, _LOOKUP_BATCH)):
        stored_documents = deps.index.get_documents(collection, batch)
        enrichments = deps.index.get_enrichments(collection, batch)
        for name, releases in stored_documents.items():
            previous = enrichments[name].repository if name in enrichments else UNSET
            yield _build_lookup(name, list_repository_candidates(releases), releases[0].maintainers, previous or RepositoryFields())


def _build_lookup(
    name: str, refs: Sequence[RepositoryRef], people: tuple[str, ...], previous: RepositoryFields
) -> RepositoryLookup:
    lookup = RepositoryLookup(name=name, claim=RepositoryClaim(project=name, users=people), previous=previous)
    # The best link of all says where the project is: a mirror or a former home says little about one that has moved.
    if refs and refs[0].host != GITHUB:
        lookup.other_host = refs[0]
    else:
        lookup.candidates.extend(ref for ref in refs if ref.host == GITHUB)
    return lookup
