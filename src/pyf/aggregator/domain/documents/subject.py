"""Compare stored and current data: are both about the same project and the same repository?

A name may be deleted and registered by another owner, and a project may move to another repository. Stored enrichments
of the previous project or repository must then be dropped.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import UNSET

from ..repositories import list_repository_candidates, parse_repository_url
from .document import Enrichments
from .project import File
from .schema import DownloadFields, HistoryFields, ProjectFields, RegistryFields, RepositoryFields
from .version import to_order_key


def is_other_project(stored: Iterable[RegistryFields], current_files: Iterable[File]) -> bool:
    """Return whether a project has other files than the stored documents, and none of theirs.

    The registry never accepts a file name twice, so the files of a project are its identity. A project without files
    counts as the same one.
    """
    stored_files = {_to_key(file) for fields in stored for file in fields.urls}
    files = {_to_key(file) for file in current_files}
    return bool(stored_files) and bool(files) and stored_files.isdisjoint(files)


def list_outdated_enrichments(
    stored: Sequence[RegistryFields],
    current: Sequence[RegistryFields],
    enrichments: Enrichments,
    *,
    was_recreated: bool = False,
    own_hosts: Mapping[str, bool] = {},
) -> tuple[ProjectFields, ...]:
    """Return empty fields for each source whose data is not about the current project any more.

    Args:
        own_hosts: Further hosts of repositories.
        was_recreated: Whether the registry reports that the project was removed and created again.
    """
    repository, downloads = enrichments.repository, enrichments.downloads
    is_other = was_recreated or is_other_project(stored, (file for fields in current for file in fields.urls))
    outdated: list[ProjectFields] = []
    if (
        repository
        and repository != RepositoryFields()
        and (is_other or _leads_elsewhere(stored, current, repository, own_hosts))
    ):
        outdated.append(RepositoryFields())
    if is_other and downloads and downloads != DownloadFields():
        outdated.append(DownloadFields())
    if is_other and enrichments.history and enrichments.history.history:
        outdated.append(HistoryFields())
    return tuple(outdated)


def _leads_elsewhere(
    stored: Sequence[RegistryFields],
    current: Sequence[RegistryFields],
    repository: RepositoryFields,
    own_hosts: Mapping[str, bool],
) -> bool:
    """Return whether the links have changed from the known repository to another one, or to none."""
    if repository.repository_url is UNSET or not stored:
        return False
    known = parse_repository_url(repository.repository_url, own_hosts)
    present = _find_first_candidate(current, own_hosts)
    return present not in (_find_first_candidate(stored, own_hosts), known.key if known else "")


def _find_first_candidate(documents: Sequence[RegistryFields], own_hosts: Mapping[str, bool]) -> str:
    """Return the key of the repository that is tried first, "" for none."""
    ordered = sorted(documents, key=lambda fields: (fields.is_newest, to_order_key(fields.version)), reverse=True)
    return next((ref.key for ref in list_repository_candidates(ordered, own_hosts)), "")


def _to_key(file: File) -> tuple[str, int]:
    return file.filename, file.upload_time
