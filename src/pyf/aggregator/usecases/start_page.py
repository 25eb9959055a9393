"""What a collection's start page shows: what is new, on the rise and in good health, and what has lost its support."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum

from msgspec import Struct

from ..domain.health.compatibility import names_supported_framework, release_is_supported
from ..domain.health.standards import Standards
from ..domain.project import ProjectStatus
from ..domain.search import Facet as By
from ..domain.search import FacetCount, Hit, Question, Results, Sort
from ..ports import Services
from .news import New, first_seen
from .page_parts import presentable
from .search import hidden
from .target import Target

# Projects of each list.
SHOWN = 6

# Those looked at for a list: the last changed ones for the new, the most downloaded ones for those on the rise, the
# best for the healthiest. A rise from ten downloads to thirty is noise.
_CHANGED, _POPULAR, _BEST = 60, 200, 50
_PAGE = 100
_MOST_PAGES = 5

# Months that the last one is compared with.
_MONTHS = 3


class Lost(StrEnum):
    """How a project has lost its support."""

    ARCHIVED = "archived"
    DEPRECATED = "deprecated"
    FRAMEWORK_ENDED = "framework ended"


class Rising(Struct, frozen=True, kw_only=True):
    """A project on the rise; `growth` is how many times as often as usual it was downloaded last month."""

    hit: Hit
    growth: float


class LostSupport(Struct, frozen=True, kw_only=True):
    """A project that has lost its support; `newest_supported` is the newest framework version that it names."""

    hit: Hit
    how: Lost
    newest_supported: str


class StartPage(Struct, frozen=True, kw_only=True):
    """A collection at a glance. `newest_change` is the project that was released last, None in an empty collection.

    `framework_versions` and `health` count projects, as facets do.
    """

    projects: int
    newest_change: Hit | None
    framework_versions: tuple[FacetCount, ...]
    health: tuple[FacetCount, ...]
    new: tuple[New, ...]
    updated: tuple[Hit, ...]
    rising: tuple[Rising, ...]
    healthiest: tuple[Hit, ...]
    lost_support: tuple[LostSupport, ...]


def start_page(services: Services, target: Target) -> StartPage:
    """Return a collection at a glance, from nine searches at most; raises `NotFound` as `search` does."""
    look = _Look(services, target)
    changed = look.search(sort=Sort.NEWEST, per_page=_CHANGED)
    return StartPage(
        projects=changed.total,
        newest_change=changed.hits[0] if changed.hits else None,
        framework_versions=tuple(changed.facets.get(By.FRAMEWORK_VERSIONS, ())),
        health=tuple(changed.facets.get(By.HEALTH, ())),
        new=tuple(first_seen(services, target, changed.hits)[:SHOWN]),
        updated=changed.hits[:SHOWN],
        rising=_rising(look.pages(_POPULAR // _PAGE, sort=Sort.DOWNLOADS)),
        healthiest=_healthiest(look.search(sort=Sort.HEALTH, per_page=_BEST).hits),
        lost_support=_lost_support(look),
    )


class _Look:
    """Searches in one collection, without what it hides."""

    def __init__(self, services: Services, target: Target) -> None:
        self.collection = target.collection
        self.today = datetime.fromtimestamp(services.now(), UTC).date()
        self.standards: Standards = services.standards
        self._engine = services.search
        self._hidden = hidden(services, target)

    def search(self, **question: object) -> Results:
        """Return a page of what is found, without addresses."""
        found = self._engine.search(self.collection, Question(**question), hidden=self._hidden)  # type: ignore[arg-type]
        return Results(total=found.total, hits=tuple(presentable(hit) for hit in found.hits), facets=found.facets)

    def pages(self, most: int, **question: object) -> Iterator[Hit]:
        """Yield the hits of several pages."""
        for page in range(1, most + 1):
            found = self.search(page=page, per_page=_PAGE, **question)
            yield from found.hits
            if page * _PAGE >= found.total:
                return

    def newest(self, hits: Sequence[Hit]) -> Iterator[Hit]:
        """Yield the newest releases of projects that were found by older ones."""
        names = [hit.name_normalized for hit in hits]
        yield from map(presentable, self._engine.pick(self.collection, names, hidden=self._hidden))


def _rising(popular: Iterator[Hit]) -> tuple[Rising, ...]:
    rising = [Rising(hit=hit, growth=round(growth, 2)) for hit in popular if (growth := growth_of(hit)) > 1]
    return tuple(sorted(rising, key=lambda each: (-each.growth, each.hit.name_normalized))[:SHOWN])


def growth_of(hit: Hit) -> float:
    """Return how many times the downloads of the last month are those of a usual month before; 0 where not known."""
    if hit.downloads is None:
        return 0.0
    # The last month of a history may be the running one, which the last 30 days stand for.
    before = [count for _, count in sorted(hit.download_history.items())][-_MONTHS - 1 : -1]
    usual = sum(before) / len(before) if before else 0
    return hit.downloads / usual if usual else 0.0


def _healthiest(best: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the best, and of equally good ones those that most people rely on."""
    known = [hit for hit in best if hit.health_score is not None]
    ordered = sorted(known, key=lambda hit: (-(hit.health_score or 0), -(hit.downloads or 0), hit.name_normalized))
    return tuple(ordered[:SHOWN])


def _lost_support(look: _Look) -> tuple[LostSupport, ...]:
    """Return those that most people rely on among the archived, the deprecated and those left behind."""
    lost = {}
    retired = (ProjectStatus.ARCHIVED.value, ProjectStatus.DEPRECATED.value)
    for hit in look.search(statuses=retired, sort=Sort.DOWNLOADS, per_page=SHOWN).hits:
        lost[hit.name_normalized] = LostSupport(
            hit=hit, how=Lost(hit.project_status), newest_supported=_newest_supported(hit)
        )
    for hit in _left_behind(look):
        lost.setdefault(
            hit.name_normalized,
            LostSupport(hit=hit, how=Lost.FRAMEWORK_ENDED, newest_supported=_newest_supported(hit)),
        )
    ordered = sorted(lost.values(), key=lambda each: (-(each.hit.downloads or 0), each.hit.name_normalized))
    return tuple(ordered[:SHOWN])


def _left_behind(look: _Look) -> Iterator[Hit]:
    """Yield projects whose newest release names framework versions, but none that is supported today."""
    ended = _ended(look.standards, look.today)
    if not ended:
        return
    found = 0
    candidates = list(look.pages(_MOST_PAGES, framework_versions=ended, sort=Sort.DOWNLOADS))
    for hit in look.newest(candidates):
        if found < SHOWN and names_supported_framework(hit.framework_versions, look.standards, look.today) is False:
            found += 1
            yield hit


def _ended(standards: Standards, today: date) -> tuple[str, ...]:
    """Return the names of all framework versions that are supported no more, those of whole series included."""
    named = {
        f"{framework} {number}"
        for framework, ends in standards.frameworks.items()
        for end in ends
        for number in (end, end.partition(".")[0])
    }
    return tuple(sorted(name for name in named if release_is_supported(name, standards, today) is False))


def _newest_supported(hit: Hit) -> str:
    return hit.framework_versions[-1] if hit.framework_versions else ""
