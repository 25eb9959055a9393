"""Show what the index holds of one project."""

from collections.abc import Sequence
from typing import Any

from ..domain.document import Document
from ..ports import Services
from .target import Target, existing, not_held


def show(services: Services, target: Target, name: str) -> Sequence[dict[str, Any]]:
    """Return the documents of a project as mappings, newest first; any spelling of the name will do.

    Raises `NotFound` for a project that the collection does not hold, with what is known of its leaving.
    """
    return [document.as_mapping() for document in held_documents(services, target, name)]


def held_documents(services: Services, target: Target, name: str) -> Sequence[Document]:
    """Return the documents of a project, newest first, one at least; raises `NotFound` as `show` does."""
    existing(services, target)
    documents = services.index.documents(target.collection, name)
    if documents:
        return documents
    raise not_held(services, target, name)
