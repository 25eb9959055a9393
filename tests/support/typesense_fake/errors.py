"""How the server refuses."""


class Refused(Exception):
    """A request that is answered with a status other than 200, and with a message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def no_collection() -> Refused:
    return Refused(404, "Collection not found")
