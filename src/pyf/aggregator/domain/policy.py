"""How a run goes about its work: the choices that settings make for the use cases."""

from enum import StrEnum

from msgspec import Struct

from .documents.builder import DOCUMENT_VERSION


class Descriptions(StrEnum):
    """Which releases keep their rendered README."""

    NEWEST = "newest"
    ALL = "all"


class Discovery(StrEnum):
    """How the projects of a filter are found."""

    CLASSIFIERS = "classifiers"
    ALL = "all"


class Policy(Struct, frozen=True, kw_only=True):
    """The choices that settings make for the use cases.

    `batch_size` is the number of documents written at once. `status_max_age` is the age, in seconds, at which a
    project's status and advisories are looked at again although the journal says nothing; `repository_max_age` the
    age at which a repository is asked about again.
    """

    batch_size: int = 500
    descriptions: Descriptions = Descriptions.NEWEST
    discovery: Discovery = Discovery.CLASSIFIERS
    status_max_age: int = 7 * 86_400
    repository_max_age: int = 86_400
    builder_version: int = DOCUMENT_VERSION

    @property
    def document_version(self) -> int:
        """The number that documents carry: a change of `descriptions` makes older documents outdated, too."""
        return 2 * self.builder_version + (self.descriptions is Descriptions.ALL)
