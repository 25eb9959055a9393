"""Add made-up months to the histories of the demo's packages, as if its commands had run for two years."""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from ...bootstrap import open_index
from ...domain.documents.document import Document, to_optional
from ...domain.documents.schema import RegistryFields
from ...domain.documents.version import to_version_key
from ...domain.history import History, MonthRecord, build_history_fields, parse_history, shift_month, to_month
from ...domain.upgrade import is_installable
from ...ports import Dependencies
from ...settings import Settings
from ...usecases.enrich.scores import score_project

_MONTHS = 24

# The share of its present stars that a package had at the beginning.
_FIRST_STARS = 0.6


def add_sample_months(sqlite_path: str) -> int:
    """Add months to all packages of a SQLite index, and return their number; settings of the user have no effect."""
    count = 0
    with open_index(Settings(index_backend="sqlite", sqlite_path=sqlite_path)) as deps:
        for info in deps.admin.list_collections():
            names = [state.name_normalized for state in deps.index.iter_project_states(info.name)]
            packages = deps.index.get_packages(info.name, names)
            count += deps.index.update(
                info.name,
                {name: build_history_fields(_add_months(deps, documents)) for name, documents in packages.items()},
            )
    return count


def _add_months(deps: Dependencies, documents: Sequence[Document]) -> History:
    stored, present = parse_history(documents[0].history), to_month(deps.now())
    earlier = [shift_month(present, number) for number in range(-_MONTHS, 0)]
    records = [
        record
        for number, month in enumerate(earlier)
        if (record := _build_record(deps, documents, month, _FIRST_STARS + (1 - _FIRST_STARS) * number / _MONTHS))
    ]
    return replace(stored, months=(*records, *(record for record in stored.months if record.month >= present)))


def _build_record(
    deps: Dependencies, documents: Sequence[Document], month: str, stars_share: float
) -> MonthRecord | None:
    """Return a month with the score that the package had at its end, None before the first release."""
    end = int(datetime.fromisoformat(f"{shift_month(month, 1)}-01").replace(tzinfo=UTC).timestamp())
    releases = [document.registry for document in documents if document.registry.upload_timestamp < end]
    newest = max(filter(is_installable, releases), key=lambda release: to_version_key(release.version), default=None)
    if newest is None:
        return None
    repository, downloads = documents[0].repository, documents[0].downloads
    stars = to_optional(repository.repository_stars) if repository else None
    return MonthRecord(
        month=month,
        minute=0,
        score=_compute_score(deps, documents, newest, end),
        stars=None if stars is None else round(stars * stars_share),
        downloads=(downloads.download_history or {}).get(month) if downloads else None,
        release=newest.version,
    )


def _compute_score(deps: Dependencies, documents: Sequence[Document], newest: RegistryFields, end: int) -> int | None:
    """Return the score at an earlier time, from the releases of that time and the repository's present data."""
    releases = [
        replace(document.registry, is_newest=document.registry is newest)
        for document in documents
        if document.registry.upload_timestamp < end
    ]
    score = score_project(replace(deps, now=lambda: float(end)), releases, documents[0].enrichments)
    return to_optional(score.fields.health_score)
