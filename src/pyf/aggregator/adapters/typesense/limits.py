"""The limits of a Typesense server, by the defaults of version 29; `test_limits.py` tests each at its edge."""

# Hits of one response. `limit` and `per_page` are one parameter, of which `per_page` wins: name only that one.
HITS_PER_PAGE = 250

# Searches of one `multi_search`.
SEARCHES_PER_REQUEST = 50

# Operations of one `filter_by`: conditions and the operators between them, so 50 conditions. A list of values is one.
FILTER_OPERATIONS = 100

# Characters of the query string of a search by GET, with its question mark; a `multi_search` has no such limit.
SEARCH_QUERY_STRING = 4000

# Characters of a filter in a URL. The server takes more, but proxies often have 8 KB for a whole URL.
FILTER_IN_URL = 6000

# Values of a facet that are requested to get all: the server has no limit of its own.
ALL_FACET_VALUES = 1_000_000
