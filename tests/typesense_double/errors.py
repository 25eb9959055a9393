"""How the server rejects a request."""


class RequestRejected(Exception):
    """A request that the server answers with an error status and a message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def collection_not_found() -> RequestRejected:
    return RequestRejected(404, "Collection not found")
