"""Fields that documents have beside the declared ones, for clients that search a collection by the server itself.

The server knows no names without their prefix, and no versions of older releases; these fields tell it.
"""

from collections.abc import Iterable

from ....domain.relevance import Lexicon
from ....domain.relevance.names import name_forms
from ....domain.schema import RegistryFields
from .schema import SEARCH_FRAMEWORK_VERSIONS, SEARCH_NAMES, SEARCH_PYTHON_VERSIONS, Json

# Longer names, and names of more parts, are not searched part by part.
_MAX_PARTS = 12
_MAX_LENGTH = 60


def build_search_fields(document: RegistryFields, releases: Iterable[RegistryFields], lexicon: Lexicon) -> Json:
    """Build these fields of a document, by all releases of its package; None removes a field."""
    versions: dict[str, list[str] | None] = dict.fromkeys((SEARCH_FRAMEWORK_VERSIONS, SEARCH_PYTHON_VERSIONS))
    if document.is_newest:
        every_release = list(releases)
        versions = {
            SEARCH_FRAMEWORK_VERSIONS: _merge_sorted(release.framework_versions for release in every_release),
            SEARCH_PYTHON_VERSIONS: _merge_sorted(release.python_versions for release in every_release),
        }
    return {SEARCH_NAMES: build_search_names(document.name_normalized, lexicon), **versions}


def build_search_names(name_normalized: str, lexicon: Lexicon) -> list[str]:
    """Build the words that a package may be searched by name with: neighboring parts of the name as one word."""
    forms, parts = name_forms(name_normalized, lexicon), name_normalized.split("-")
    words = forms.runs if len(parts) <= _MAX_PARTS else {forms.whole, forms.own, *parts}
    return sorted({word[:_MAX_LENGTH] for word in words})


def _merge_sorted(groups: Iterable[Iterable[str]]) -> list[str]:
    return sorted({value for group in groups for value in group})
