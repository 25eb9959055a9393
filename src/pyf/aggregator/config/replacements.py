"""The curated list of packages that have ended, `replacements.yaml`."""

from functools import cache
from types import MappingProxyType

from ..domain.documents.project import normalize_name
from ..domain.replacement import Replacement
from .yaml_file import read_packaged


@cache
def load_replacements() -> MappingProxyType[str, Replacement]:
    """Return the curated replacements by normalized name."""
    entries = read_packaged("replacements.yaml")["replacements"]
    return MappingProxyType(
        {
            normalize_name(name): Replacement(name=entry.get("by", ""), reason=entry["reason"])
            for name, entry in entries.items()
        }
    )
