"""Full-text search in an index on the local disk that is derived from a collection, for every storage engine.

tantivy finds and counts packages. A small SQLite file beside its index stores the fields to rank and display packages.
"""
