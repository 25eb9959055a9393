"""Show what the index holds of one project."""

from collections.abc import Sequence
from typing import Any

from ..ports import Services
from .target import Target, existing, not_held


def show(services: Services, target: Target, name: str) -> Sequence[dict[str, Any]]:
    """Return the documents of a project as mappings, newest first; any spelling of the name will do.

    Raises `NotFound` for a project that the collection does not hold, with what is known of its leaving.
    """
    existing(services, target)
    documents = services.index.documents(target.collection, name)
    if documents:
        return [document.as_mapping() for document in documents]
    raise not_held(services, target, name)
