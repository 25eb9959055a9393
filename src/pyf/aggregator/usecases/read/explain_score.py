"""Explain a project's score: what it is as of now, from which findings, and whether the index holds another one."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from ...domain.documents.document import Enrichments
from ...domain.documents.schema import HealthFields
from ...domain.health import Score
from ...ports import Dependencies
from ..collections.target import Target
from ..enrich.scores import score_project
from .package import require_documents


class ScoreExplanation(Struct, frozen=True, kw_only=True):
    """A project's score as of now, and the one that its documents carry, Unset for none."""

    name: str
    version: str
    score: Score
    stored: HealthFields | UnsetType = UNSET

    @property
    def stored_score(self) -> int | None:
        """The number that the index holds, None for none."""
        return None if self.stored is UNSET or self.stored.health_score is UNSET else self.stored.health_score

    def to_dict(self) -> dict[str, Any]:
        """Return the score as one JSON object, in the fields of a document and with the stored score beside them."""
        fields = self.score.fields
        return {
            "name": self.name,
            "version": self.version,
            "health_score": None if fields.health_score is UNSET else fields.health_score,
            "health_model": fields.health_model,
            "health_confidence": fields.health_confidence,
            "health_score_breakdown": fields.health_score_breakdown,
            "stored_health_score": self.stored_score,
        }


def explain_score(deps: Dependencies, target: Target, name: str) -> ScoreExplanation:
    """Score a project from what the index holds, without asking anybody; any spelling of the name will do.

    Raises `NotFound` as `show` does.
    """
    documents = require_documents(deps, target, name)
    newest_release = documents[0]
    enrichments = Enrichments(
        repository=newest_release.repository, downloads=newest_release.downloads, health=newest_release.health
    )
    return ScoreExplanation(
        name=newest_release.registry.name,
        version=newest_release.registry.version,
        score=score_project(deps, [document.registry for document in documents], enrichments),
        stored=newest_release.health,
    )
