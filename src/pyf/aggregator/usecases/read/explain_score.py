"""Explain the score of a package: its value and findings as of now, and the stored value."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from ...domain.documents.schema import HealthFields
from ...domain.health import Score
from ...ports import Dependencies
from ..collections.target import Target
from ..enrich.scores import score_project
from .package import require_documents


class ScoreExplanation(Struct, frozen=True, kw_only=True):
    """The score of a package as of now, and the stored one."""

    name: str
    version: str
    score: Score
    stored: HealthFields | UnsetType = UNSET

    @property
    def stored_score(self) -> int | None:
        """The stored number, None if no score is stored."""
        return None if self.stored is UNSET or self.stored.health_score is UNSET else self.stored.health_score

    def to_dict(self) -> dict[str, Any]:
        """Return the score as one JSON object: the fields of a document, and the stored score."""
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
    """Score a package from its stored documents, without a request; raises as `require_documents` does."""
    documents = require_documents(deps, target, name)
    newest_release = documents[0]
    return ScoreExplanation(
        name=newest_release.registry.name,
        version=newest_release.registry.version,
        score=score_project(deps, [document.registry for document in documents], newest_release.enrichments),
        stored=newest_release.health,
    )
