"""Expected failures, named by what the caller can do about them; adapters raise no others."""


class AggregatorError(Exception):
    """An expected failure; its text is one line that tells the user what to do."""


class NotFound(AggregatorError):
    """The service reports that the requested thing does not exist."""


class Unavailable(AggregatorError):
    """The service gave no usable response; whether the requested thing exists is unknown.

    Attributes:
        retry_after: Seconds after which a retry makes sense; None if the service does not say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Locked(Unavailable):
    """Another run holds the lock of a collection. Most runs end within seconds, so an early retry makes sense."""


class Invalid(AggregatorError):
    """The input is wrong; a retry does not help."""


class InvalidRequest(Invalid):
    """What a user asks for is wrong. The message can be shown to anybody: it has no path and no URL of this machine."""
