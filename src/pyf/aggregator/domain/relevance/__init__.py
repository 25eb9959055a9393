"""What is found and what comes first, the same for every engine: pure, from what was typed and what is searched.

An engine looks for candidates in its own way. `query_of` takes apart what was typed, `bucket_of` says how well a
candidate answers it, `merit` what else speaks for it.
"""

from .lexicon import Lexicon, build_lexicon
from .tiers import get_tier
from .query import ParsedQuery, parse_query
from .searchable import Searchable, build_searchable
from .quality import PopularityScale, QualitySignals, compute_quality, build_popularity_scale, to_quality_signals

__all__ = [
    "Lexicon",
    "PopularityScale",
    "ParsedQuery",
    "Searchable",
    "QualitySignals",
    "get_tier",
    "build_lexicon",
    "compute_quality",
    "build_popularity_scale",
    "parse_query",
    "build_searchable",
    "to_quality_signals",
]
