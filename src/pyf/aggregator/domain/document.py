"""A document as readers see it: the fields of all owners of one release, side by side."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType, to_builtins

from .schema import DownloadFields, HealthFields, RegistryFields, RepositoryFields


class Enrichments(Struct, frozen=True, kw_only=True):
    """What the owners other than the registry have written of a project; a part that nobody has written is Unset."""

    repository: RepositoryFields | UnsetType = UNSET
    downloads: DownloadFields | UnsetType = UNSET
    health: HealthFields | UnsetType = UNSET


class Document(Struct, frozen=True, kw_only=True):
    """One release with everything known about it; a part that no step has written yet is Unset."""

    registry: RegistryFields
    repository: RepositoryFields | UnsetType = UNSET
    downloads: DownloadFields | UnsetType = UNSET
    health: HealthFields | UnsetType = UNSET

    def to_dict(self) -> dict[str, Any]:
        """Return the document flat, by field name, as it is shown and exported."""
        fields: dict[str, Any] = {}
        for part in (self.registry, self.repository, self.downloads, self.health):
            if part is not UNSET:
                fields.update(to_builtins(part))
        return fields
