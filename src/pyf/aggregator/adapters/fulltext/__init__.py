"""Full-text search in an index on the local disk. It is derived from a collection of any storage engine.

tantivy finds and counts packages. A small SQLite file beside its index stores the fields to rank and display packages.
"""
