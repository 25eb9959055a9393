"""Failures, named by what the caller can do about them; every adapter speaks these and no others."""


class AggregatorError(Exception):
    """A failure that the program expects; its text is one line that a user can act on."""


class NotFound(AggregatorError):
    """The service answered that the thing does not exist."""


class Unavailable(AggregatorError):
    """No usable answer came; it says nothing about the thing that was asked for.

    `retry_after` is the number of seconds after which asking again makes sense, None where nobody said.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Invalid(AggregatorError):
    """What we were given is wrong; asking again does not help."""
