"""What is found and what comes first, the same for every engine: pure, from what was typed and what is searched.

An engine looks for candidates in its own way. `query_of` takes apart what was typed, `bucket_of` says how well a
candidate answers it, `merit` what else speaks for it.
"""

from .lexicon import Lexicon, lexicon_of
from .match import bucket_of
from .query import Query, query_of
from .searchable import Searchable, searchable_of
from .standing import Popularity, Standing, merit, popularity_of, standing_of

__all__ = [
    "Lexicon",
    "Popularity",
    "Query",
    "Searchable",
    "Standing",
    "bucket_of",
    "lexicon_of",
    "merit",
    "popularity_of",
    "query_of",
    "searchable_of",
    "standing_of",
]
