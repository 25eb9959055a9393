"""The condition of a collection: whether its search is complete, and how old its data is."""

from collections.abc import Iterable

from msgspec import UNSET, Struct, UnsetType

from ...domain.batching import batched
from ...domain.search import SearchQuery
from ...domain.timestamps import drop_future
from ...ports import Dependencies
from .overview import CollectionEntry

_BATCH = 500


class CollectionCondition(Struct, frozen=True, kw_only=True):
    """The condition of a collection. Ages are in seconds, None for data that was never requested.

    Attributes:
        visible_count: Packages that a search must find.
        found_count: Packages that a search finds.
        update_age: Age of the last run that confirmed the cursor.
        status_age: Age of the oldest check of a package's status and advisories.
        repository_age: Age of the newest data of a repository.
        download_age: Age of the newest download counts.
    """

    visible_count: int
    found_count: int
    update_age: int | None
    status_age: int | None
    repository_age: int | None
    download_age: int | None


def read_condition(deps: Dependencies, entry: CollectionEntry) -> CollectionCondition:
    """Return the condition of a collection; reads the state and the enrichments of every package."""
    now = deps.now()
    states = [state for state in deps.index.iter_project_states(entry.info.name) if state.release_count]
    repository_times: list[int | UnsetType] = []
    download_times: list[int | UnsetType] = []
    for batch in batched((state.name_normalized for state in states), _BATCH):
        for enrichments in deps.index.get_enrichments(entry.info.name, batch).values():
            if enrichments.repository is not UNSET:
                repository_times.append(enrichments.repository.repository_checked)
            if enrichments.downloads is not UNSET:
                download_times.append(enrichments.downloads.download_checked)
    hidden_names = frozenset(entry.state.filter.exclude)
    visible_states = [
        state for state in states if state.project_status != "quarantined" and state.name_normalized not in hidden_names
    ]
    results = deps.search.search(entry.info.name, SearchQuery(per_page=1), hidden=hidden_names)
    return CollectionCondition(
        visible_count=len(visible_states),
        found_count=results.total,
        update_age=_to_age([entry.state.cursor_confirmed_at] if entry.state.cursor is not None else [], now),
        status_age=_to_age([min((state.status_checked for state in states), default=0)], now),
        repository_age=_to_age(repository_times, now),
        download_age=_to_age(download_times, now),
    )


def _to_age(times: Iterable[int | UnsetType], now: float) -> int | None:
    """Return the age of the newest time; a time in the future counts as never."""
    newest = max((drop_future(time, now) for time in times if time is not UNSET), default=0)
    return int(now) - newest if newest else None
