"""What is found and what comes first, the same for every engine: pure, from what was typed and what is searched.

An engine looks for candidates in its own way. `query_of` takes apart what was typed, `bucket_of` says how well a
candidate answers it, `merit` what else speaks for it.
"""

from .lexicon import Lexicon, build_lexicon
from .quality import PopularityScale, QualitySignals, build_popularity_scale, compute_quality, to_quality_signals
from .query import ParsedQuery, parse_query
from .searchable import Searchable, build_searchable
from .tiers import get_tier

__all__ = [
    "Lexicon",
    "ParsedQuery",
    "PopularityScale",
    "QualitySignals",
    "Searchable",
    "build_lexicon",
    "build_popularity_scale",
    "build_searchable",
    "compute_quality",
    "get_tier",
    "parse_query",
    "to_quality_signals",
]
