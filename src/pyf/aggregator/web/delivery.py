"""What every request passes on its way in, and every answer on its way out, whatever made it.

HEAD is answered like GET; answers have security headers, a tag by which a client that knows them is told so (304), and
are compressed for those who can take it.
"""

import gzip
import re
from collections.abc import Mapping
from hashlib import blake2b
from http import HTTPStatus
from typing import cast

import brotli
from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.types import ASGIApp, HTTPResponseBodyEvent, HTTPResponseStartEvent, HTTPScope, Message, Receive, Send

from . import security

# Smaller answers gain nothing, and what is not text is compressed already.
_WORTH_COMPRESSING = 500
_COMPRESSIBLE = ("text/", "application/json", "application/problem+json", "application/atom+xml", "image/svg+xml")

# How much effort compressing is worth: the best of both takes ten times as long.
_BROTLI_QUALITY, _GZIP_LEVEL = 4, 4

_NEVER = re.compile(r"q\s*=\s*0(\.0*)?")


class _Kept:
    """An answer that is kept back until it is whole."""

    def __init__(self) -> None:
        self.start: HTTPResponseStartEvent | None = None
        self.body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


async def deliver(
    app: ASGIApp, scope: HTTPScope, receive: Receive, send: Send, *, max_age: int, by_origin: bool = False
) -> None:
    """Have `app` answer a request, and send the answer as it is to be sent.

    `max_age` is how many seconds a copy may be used without asking, where the answer says nothing else; `by_origin`
    whether the answer depends on whose page asks: then a copy made for one must not be given to another.
    """
    kept = _Kept()
    asked = cast(HTTPScope, {**scope, "method": "GET"}) if scope["method"] == "HEAD" else scope
    await app(asked, receive, kept)
    if kept.start is None:
        return
    headers = MutableScopeHeaders(cast(Mapping[str, object], {"headers": list(kept.start["headers"])}))  # type: ignore[arg-type]
    told = Headers.from_scope(scope)
    for name, value in security.headers(scope["path"]):
        headers.setdefault(name, value)
    if by_origin and "vary" not in headers:
        headers["vary"] = "Origin"
    status, body = kept.start["status"], bytes(kept.body)
    if status == HTTPStatus.OK:
        # Proxies must not show others what somebody has a key for.
        shared = "private" if "authorization" in told or "x-api-key" in told else "public"
        headers.setdefault("cache-control", f"{shared}, max-age={max_age}" if max_age else "no-cache")
        tag = f'W/"{blake2b(body, digest_size=12).hexdigest()}"'
        headers["etag"] = tag
        if _knows(told.get("if-none-match", ""), tag):
            status, body = HTTPStatus.NOT_MODIFIED, b""
    body = _compressed(body, headers, told.get("accept-encoding", ""))
    if status == HTTPStatus.NOT_MODIFIED:
        headers.pop("content-length", None)
    else:
        headers["content-length"] = str(len(body))
    await send(cast(HTTPResponseStartEvent, {**kept.start, "status": int(status), "headers": headers.headers}))
    sent = b"" if scope["method"] == "HEAD" else body
    await send(HTTPResponseBodyEvent(type="http.response.body", body=sent, more_body=False))


def _knows(if_none_match: str, tag: str) -> bool:
    """Tell whether a client has the answer of this tag; weak and strong tags compare alike here."""
    known = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in known or tag.removeprefix("W/") in known


def _compressed(body: bytes, headers: MutableScopeHeaders, accepted: str) -> bytes:
    """Return a body as the client can take it, and say in the headers what was done to it."""
    if not headers.get("content-type", "").startswith(_COMPRESSIBLE):
        return body
    headers.add("vary", "accept-encoding")
    if len(body) < _WORTH_COMPRESSING:
        return body
    taken = _encodings(accepted)
    if "br" in taken:
        headers["content-encoding"] = "br"
        return cast(bytes, brotli.compress(body, quality=_BROTLI_QUALITY))
    if "gzip" in taken:
        headers["content-encoding"] = "gzip"
        return gzip.compress(body, _GZIP_LEVEL, mtime=0)
    return body


def _encodings(accepted: str) -> frozenset[str]:
    """Return the encodings that a client takes; one of weight 0 it does not."""
    found = set()
    for each in accepted.lower().split(","):
        name, _, weight = each.partition(";")
        if not _NEVER.fullmatch(weight.strip()):
            found.add(name.strip())
    return frozenset(found)
