"""Full-text search in an index on the local disk that is derived from a collection, whatever engine keeps that.

tantivy finds and counts packages; a small SQLite file beside it stores what packages are ranked by and displayed with.
"""
