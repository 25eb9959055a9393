"""Find what replaces a package that has ended: by its own words, its metadata, and a curated list."""

from collections.abc import Mapping

from msgspec import UNSET, Struct, UnsetType

from .documents.schema import RegistryFields, RepositoryFields
from .documents.successor import find_successor
from .health.extract_signals import INACTIVE_CLASSIFIER, RETIRED_STATUSES, find_abandonment_notice


class Replacement(Struct, frozen=True, kw_only=True):
    """Why a package should not be used for new work, and what to use instead.

    Attributes:
        name: The package to use instead, as written; "" if no source names one.
        reason: A clause, such as "its README says: deprecated in favor of django-filter".
    """

    name: str = ""
    reason: str = ""


def find_replacement(
    newest: RegistryFields,
    repository: RepositoryFields | UnsetType = UNSET,
    curated: Mapping[str, Replacement] | None = None,
) -> Replacement | None:
    """Return why a package has ended and what replaces it, None for a package that has not ended.

    Args:
        newest: The document of the newest release.
        curated: What people know and data does not say, by normalized name; it has the last word.
    """
    if curated and (replacement := curated.get(newest.name_normalized)):
        return replacement
    successor = find_successor(newest)
    if newest.project_status in RETIRED_STATUSES:
        reason = f"PyPI lists it as {newest.project_status}"
    elif successor is not None:
        reason = successor.statement
    elif INACTIVE_CLASSIFIER in newest.classifiers:
        reason = f'it has the classifier "{INACTIVE_CLASSIFIER}"'
    elif notice := find_abandonment_notice(f"{newest.summary}\n{newest.first_chapter or ''}"):
        reason = f"its README says: {notice}"
    elif repository is not UNSET and repository.repository_archived is True:
        reason = "its repository is archived"
    else:
        return None
    return Replacement(name=successor.name if successor else "", reason=reason)
