"""Ranking of search results, the same for every engine, and pure.

Each engine finds candidates in its own way. `parse_query` parses the text, `get_tier` rates how well a candidate
matches, and `compute_quality` orders candidates of the same tier.
"""

from .lexicon import Lexicon, build_lexicon
from .quality import PopularityScale, QualitySignals, build_popularity_scale, compute_quality, to_quality_signals
from .query import ParsedQuery, WordFrequencies, parse_query
from .searchable import Searchable, build_searchable
from .tiers import get_tier

__all__ = [
    "Lexicon",
    "ParsedQuery",
    "PopularityScale",
    "QualitySignals",
    "Searchable",
    "WordFrequencies",
    "build_lexicon",
    "build_popularity_scale",
    "build_searchable",
    "compute_quality",
    "get_tier",
    "parse_query",
    "to_quality_signals",
]
