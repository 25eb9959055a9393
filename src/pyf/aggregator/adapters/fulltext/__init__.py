"""Text search beside a SQLite index: what is derived from it, how it is kept up, and how questions are answered.

tantivy finds and counts; a small SQLite file beside it holds what each project is ranked and shown by.
"""
