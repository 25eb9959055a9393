"""A release's document with the fields of all owners, and how two states of a project's documents are merged."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from msgspec import UNSET, Struct, UnsetType, to_builtins
from msgspec.structs import replace

from .github_fields import add_github_fields
from .schema import DownloadFields, HealthFields, HistoryFields, RegistryFields, RepositoryFields
from .version import to_order_key

Value = TypeVar("Value")


class Enrichments(Struct, frozen=True, kw_only=True):
    """The fields of the owners other than the registry; a part that was never written is Unset."""

    repository: RepositoryFields | UnsetType = UNSET
    downloads: DownloadFields | UnsetType = UNSET
    health: HealthFields | UnsetType = UNSET
    history: HistoryFields | UnsetType = UNSET


class Document(Struct, frozen=True, kw_only=True):
    """One release with the fields of all owners; a part that was never written is Unset."""

    registry: RegistryFields
    repository: RepositoryFields | UnsetType = UNSET
    downloads: DownloadFields | UnsetType = UNSET
    health: HealthFields | UnsetType = UNSET
    history: HistoryFields | UnsetType = UNSET

    @classmethod
    def from_parts(cls, registry: RegistryFields, enrichments: Enrichments) -> "Document":
        """Build the document of a release of a package with these enrichments."""
        return cls(
            registry=registry,
            repository=enrichments.repository,
            downloads=enrichments.downloads,
            health=enrichments.health,
            history=enrichments.history,
        )

    @property
    def enrichments(self) -> Enrichments:
        """What other sources than the registry have added; all releases of a package carry the same."""
        return Enrichments(
            repository=self.repository, downloads=self.downloads, health=self.health, history=self.history
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the document as one flat mapping by field name, as it is displayed and exported."""
        fields: dict[str, Any] = {}
        for part in (self.registry, self.repository, self.downloads, self.health, self.history):
            if part is not UNSET:
                fields.update(add_github_fields(to_builtins(part)) if part is self.repository else to_builtins(part))
        return fields


def to_optional(value: Value | UnsetType) -> Value | None:
    """Return a value, None for Unset."""
    return None if value is UNSET else value


def unset_if_none(value: Value | None) -> Value | UnsetType:
    """Return the value, UNSET for None."""
    return UNSET if value is None else value


def merge_documents(incoming: Sequence[RegistryFields], stored: Sequence[RegistryFields]) -> tuple[RegistryFields, ...]:
    """Return the documents of both sides; of a version in both, the one that was read later, `incoming` if equal.

    If documents of both sides remain, the project never had that state: the newest release is selected among them, and
    all get the serial 0, so that the next comparison with the registry reads the project again.
    """
    stored_by_version = {document.version: document for document in stored}
    incoming_by_version = {document.version: document for document in incoming}
    merged_by_version = {
        version: _pick_later(incoming_by_version[version], stored_by_version[version])
        if version in incoming_by_version and version in stored_by_version
        else document
        for version, document in (stored_by_version | incoming_by_version).items()
    }
    for side in (incoming_by_version, stored_by_version):
        if merged_by_version == side:
            return tuple(side.values())
    newest = max(merged_by_version.values(), key=_to_rank_key).version
    return tuple(replace(d, is_newest=d.version == newest, last_serial=0) for d in merged_by_version.values())


def to_recency_key(documents: Iterable[RegistryFields]) -> tuple[int, int]:
    """Return a key of when a project was read: greater is later."""
    document_list = tuple(documents)
    return max((d.last_serial for d in document_list), default=0), max(
        (d.status_checked for d in document_list), default=0
    )


def _pick_later(incoming: RegistryFields, stored: RegistryFields) -> RegistryFields:
    return stored if to_recency_key([stored]) > to_recency_key([incoming]) else incoming


def _to_rank_key(document: RegistryFields) -> tuple[object, ...]:
    return (document.has_files, not document.yanked, *to_order_key(document.version), document.upload_timestamp)


def select_newer_enrichments(incoming: Enrichments, stored: Enrichments) -> Enrichments:
    """Return the enrichments to write: those that are missing, and those that were checked later.

    A stored score stays, because scores are recomputed from the documents. Histories are merged elsewhere.
    """
    repository, downloads = incoming.repository, incoming.downloads
    if (
        repository
        and stored.repository
        and (repository.repository_checked or 0) <= (stored.repository.repository_checked or 0)
    ):
        repository = UNSET
    if downloads and stored.downloads and (downloads.download_checked or 0) <= (stored.downloads.download_checked or 0):
        downloads = UNSET
    return Enrichments(
        repository=repository, downloads=downloads, health=incoming.health if stored.health is UNSET else UNSET
    )
