"""The headers that tell browsers to do nothing that a page of ours does not need.

What every request passes on its way in, and every answer on its way out, whatever made it.

HEAD is answered like GET; answers have security headers, a tag by which a client that knows them is told so (304), and
are compressed for those who can take it.
"""

import gzip
import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from http import HTTPStatus
from typing import cast

import brotli
from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.types import ASGIApp, HTTPResponseBodyEvent, HTTPResponseStartEvent, HTTPScope, Message, Receive, Send

# No inline script or style, nothing from elsewhere, no frame around us.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

# What others may show on their pages.
CROSS_ORIGIN_PREFIXES = ("/badge/", "/api/", "/feeds/")

_COMMON_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


def security_headers(path: str) -> Iterator[tuple[str, str]]:
    """Yield the headers of every answer to a path."""
    yield from _COMMON_HEADERS.items()
    yield "cross-origin-resource-policy", "cross-origin" if path.startswith(CROSS_ORIGIN_PREFIXES) else "same-origin"


# Smaller answers gain nothing, and what is not text is compressed already.
_MIN_COMPRESSED_SIZE = 500
_COMPRESSIBLE_TYPES = ("text/", "application/json", "application/problem+json", "application/atom+xml", "image/svg+xml")

# How much effort compressing is worth: the best of both takes ten times as long.
_BROTLI_QUALITY, _GZIP_LEVEL = 4, 4

_ZERO_QUALITY = re.compile(r"q\s*=\s*0(\.0*)?")


class _BufferedResponse:
    """An answer that is kept back until it is whole."""

    def __init__(self) -> None:
        self.start: HTTPResponseStartEvent | None = None
        self.body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


async def finalize_response(
    app: ASGIApp, scope: HTTPScope, receive: Receive, send: Send, *, max_age: int, varies_by_origin: bool = False
) -> None:
    """Have `app` answer a request, and send the answer as it is to be sent.

    `max_age` is how many seconds a copy may be used without asking, where the answer says nothing else; `by_origin`
    whether the answer depends on whose page asks: then a copy made for one must not be given to another.
    """
    response = _BufferedResponse()
    get_scope = cast(HTTPScope, {**scope, "method": "GET"}) if scope["method"] == "HEAD" else scope
    await app(get_scope, receive, response)
    if response.start is None:
        return
    headers = MutableScopeHeaders(cast(Mapping[str, object], {"headers": list(response.start["headers"])}))  # type: ignore[arg-type]
    request_headers = Headers.from_scope(scope)
    for name, value in security_headers(scope["path"]):
        headers.setdefault(name, value)
    if varies_by_origin and "vary" not in headers:
        headers["vary"] = "Origin"
    status, body = response.start["status"], bytes(response.body)
    if status == HTTPStatus.OK:
        # Proxies must not show others what somebody has a key for.
        cacheability = "private" if "authorization" in request_headers or "x-api-key" in request_headers else "public"
        headers.setdefault("cache-control", f"{cacheability}, max-age={max_age}" if max_age else "no-cache")
        etag = f'W/"{blake2b(body, digest_size=12).hexdigest()}"'
        headers["etag"] = etag
        if _matches_etag(request_headers.get("if-none-match", ""), etag):
            status, body = HTTPStatus.NOT_MODIFIED, b""
    body = _compress(body, headers, request_headers.get("accept-encoding", ""))
    if status == HTTPStatus.NOT_MODIFIED:
        headers.pop("content-length", None)
    else:
        headers["content-length"] = str(len(body))
    await send(cast(HTTPResponseStartEvent, {**response.start, "status": int(status), "headers": headers.headers}))
    payload = b"" if scope["method"] == "HEAD" else body
    await send(HTTPResponseBodyEvent(type="http.response.body", body=payload, more_body=False))


def _matches_etag(if_none_match: str, etag: str) -> bool:
    """Tell whether a client has the answer of this tag; weak and strong tags compare alike here."""
    etags = {value.strip().removeprefix("W/") for value in if_none_match.split(",")}
    return "*" in etags or etag.removeprefix("W/") in etags


def _compress(body: bytes, headers: MutableScopeHeaders, accepted: str) -> bytes:
    """Return a body as the client can take it, and say in the headers what was done to it."""
    if not headers.get("content-type", "").startswith(_COMPRESSIBLE_TYPES):
        return body
    headers.add("vary", "accept-encoding")
    if len(body) < _MIN_COMPRESSED_SIZE:
        return body
    encodings = _parse_accept_encoding(accepted)
    if "br" in encodings:
        headers["content-encoding"] = "br"
        return cast(bytes, brotli.compress(body, quality=_BROTLI_QUALITY))
    if "gzip" in encodings:
        headers["content-encoding"] = "gzip"
        return gzip.compress(body, _GZIP_LEVEL, mtime=0)
    return body


def _parse_accept_encoding(accepted: str) -> frozenset[str]:
    """Return the encodings that a client takes; one of weight 0 it does not."""
    encodings = set()
    for item in accepted.lower().split(","):
        name, _, weight = item.partition(";")
        if not _ZERO_QUALITY.fullmatch(weight.strip()):
            encodings.add(name.strip())
    return frozenset(encodings)
