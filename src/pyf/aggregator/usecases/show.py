"""Show what the index holds of one project."""

from collections.abc import Sequence
from typing import Any

from ..domain.document import Document
from ..ports import Dependencies
from .target import Target, require_state, build_not_found_error


def get_package_documents(deps: Dependencies, target: Target, name: str) -> Sequence[dict[str, Any]]:
    """Return the documents of a project as mappings, newest first; any spelling of the name will do.

    Raises `NotFound` for a project that the collection does not hold, with what is known of its leaving.
    """
    return [document.to_dict() for document in require_documents(deps, target, name)]


def require_documents(deps: Dependencies, target: Target, name: str) -> Sequence[Document]:
    """Return the documents of a project, newest first, one at least; raises `NotFound` as `show` does."""
    require_state(deps, target)
    documents = deps.index.get_project_documents(target.collection, name)
    if documents:
        return documents
    raise build_not_found_error(deps, target, name)
