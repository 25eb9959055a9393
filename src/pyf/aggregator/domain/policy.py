"""Options that settings choose for the use cases."""

from enum import StrEnum

from msgspec import Struct

from .documents.builder import DOCUMENT_VERSION


class Descriptions(StrEnum):
    """The releases whose rendered README is stored."""

    NEWEST = "newest"
    ALL = "all"


class Discovery(StrEnum):
    """How candidates of a filter are found: by their classifiers, or by reading every project."""

    CLASSIFIERS = "classifiers"
    ALL = "all"


class Policy(Struct, frozen=True, kw_only=True):
    """The options of runs.

    Attributes:
        batch_size: Number of documents in one write.
        status_max_age: Age in seconds at which a refresh reads a project's status and advisories again, even if the
            changelog has no change.
        repository_max_age: Age in seconds at which a repository is requested again.
    """

    batch_size: int = 500
    descriptions: Descriptions = Descriptions.NEWEST
    discovery: Discovery = Discovery.CLASSIFIERS
    status_max_age: int = 7 * 86_400
    repository_max_age: int = 86_400
    builder_version: int = DOCUMENT_VERSION

    @property
    def document_version(self) -> int:
        """The version that documents store; it differs by `descriptions`, so that a change rebuilds documents."""
        return 2 * self.builder_version + (self.descriptions is Descriptions.ALL)
