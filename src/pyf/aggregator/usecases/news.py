"""What is new in a collection, or among what a question finds: projects that came, and releases that did."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ..domain.search import Hit, Question, Sort
from ..ports import Services
from .page_parts import first_upload
from .search import search
from .target import Target

# Who is new has changed lately: the newcomers are looked for among so many.
LOOKED_AT = 100


class New(Struct, frozen=True, kw_only=True):
    """A project whose first release is of late (`first_uploaded`, Unix seconds)."""

    hit: Hit
    first_uploaded: int


def updated(services: Services, target: Target, question: Question, *, limit: int) -> Sequence[Hit]:
    """Return what was released last among what a question finds; its order and page do not count."""
    return search(services, target, replace(question, sort=Sort.NEWEST, page=1, per_page=limit)).hits


def newcomers(services: Services, target: Target, question: Question, *, limit: int) -> Sequence[New]:
    """Return the projects whose first release is the latest, among what a question finds."""
    return first_seen(services, target, updated(services, target, question, limit=LOOKED_AT))[:limit]


def first_seen(services: Services, target: Target, hits: Sequence[Hit]) -> Sequence[New]:
    """Return projects by their first release, the latest first."""
    held = services.index.held(target.collection, [hit.name_normalized for hit in hits])
    known = (hit for hit in hits if hit.name_normalized in held)
    news = [New(hit=hit, first_uploaded=first_upload(held[hit.name_normalized])) for hit in known]
    return sorted(news, key=_latest_first)


def _latest_first(new: New) -> Any:
    return -new.first_uploaded, new.hit.name_normalized
