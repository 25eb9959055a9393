"""Sets, deletes and lists the aliases of a Typesense server, which may lead to what is not there."""

from contextlib import suppress

from ...domain.errors import NotFound
from .server import Server


class Aliases:
    """All aliases of a server, whoever has made them."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def point(self, alias: str, collection: str) -> None:
        """Create an alias or re-point it, in one step."""
        self._server.ask(lambda client: client.aliases.upsert(alias, {"collection_name": collection}))

    def drop(self, alias: str) -> None:
        """Delete an alias, if it is there."""
        with suppress(NotFound):
            self._server.ask(lambda client: client.aliases[alias].delete())

    def by_collection(self) -> dict[str, list[str]]:
        """Return the aliases that lead to each collection."""
        aliases: dict[str, list[str]] = {}
        for each in self._server.ask(lambda client: client.aliases.retrieve())["aliases"]:
            aliases.setdefault(each["collection_name"], []).append(each["name"])
        return aliases
