"""Ranking of search results, the same for every engine, and pure.

Each engine finds candidates in its own way. `parse_query` parses the text, and `compute_score` rates how well a
candidate answers it, with its quality (`compute_quality`).
"""

from .lexicon import Lexicon, LexiconEntries, build_lexicon
from .quality import PopularityScale, QualitySignals, build_popularity_scale, compute_quality, to_quality_signals
from .query import ParsedQuery, parse_query
from .scoring import compute_score
from .searchable import Searchable, StemLists, build_searchable, list_stems
from .words import WordFrequencies

__all__ = [
    "Lexicon",
    "LexiconEntries",
    "ParsedQuery",
    "PopularityScale",
    "QualitySignals",
    "Searchable",
    "StemLists",
    "WordFrequencies",
    "build_lexicon",
    "build_popularity_scale",
    "build_searchable",
    "compute_quality",
    "compute_score",
    "list_stems",
    "parse_query",
    "to_quality_signals",
]
