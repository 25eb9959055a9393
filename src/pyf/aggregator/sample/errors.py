"""The one failure that whoever gives us documents can do something about."""


class SampleDataError(Exception):
    """Documents can't be read; the text is one line that says which, and what is wrong with it."""
