"""Responses that are built once and sent many times: encoded, with an ETag, and compressed if large."""

import gzip
from collections.abc import Mapping
from hashlib import sha1

from aiohttp import web

# On one machine transfers cost nothing: only responses of the size of megabytes are compressed.
MIN_COMPRESSED_SIZE = 256 * 1024


class PreparedResponse:
    """A body with its headers; `max_age` in seconds makes it cacheable and gives it an ETag."""

    __slots__ = ("_compressed", "body", "etag", "headers", "status")

    def __init__(
        self,
        body: bytes,
        content_type: str = "application/json",
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        max_age: int | None = None,
    ) -> None:
        self.body = body
        self.status = status
        self.headers = {"Content-Type": content_type, **(headers or {})}
        self.etag = ""
        self._compressed = b""
        if max_age is not None:
            self.etag = f'"{sha1(body, usedforsecurity=False).hexdigest()}"'
            self.headers |= {"ETag": self.etag, "Cache-Control": f"max-age={max_age}, public"}

    def to_response(self, request_headers: Mapping[str, str]) -> web.Response:
        """Return the response to a request with these headers: complete, compressed, or 304."""
        if self.etag and self._matches_etag(request_headers.get("If-None-Match", "")):
            headers = {key: value for key, value in self.headers.items() if key != "Content-Type"}
            return web.Response(status=304, headers=headers)
        if len(self.body) < MIN_COMPRESSED_SIZE or "gzip" not in request_headers.get("Accept-Encoding", ""):
            return web.Response(status=self.status, body=self.body, headers=self.headers)
        if not self._compressed:
            self._compressed = gzip.compress(self.body, compresslevel=1, mtime=0)
        headers = {**self.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return web.Response(status=self.status, body=self._compressed, headers=headers)

    def _matches_etag(self, tags: str) -> bool:
        return any(tag.strip().removeprefix("W/") in (self.etag, "*") for tag in tags.split(","))


def redirect(location: str, status: int = 301) -> PreparedResponse:
    """Build a redirect."""
    return PreparedResponse(b"", "text/plain", status=status, headers={"Location": location})
