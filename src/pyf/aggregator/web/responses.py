"""Last step of every response: security headers, caching, ETag, HEAD and compression."""

import gzip
import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from http import HTTPStatus
from typing import cast

import brotli
from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.types import ASGIApp, HTTPResponseBodyEvent, HTTPResponseStartEvent, HTTPScope, Message, Receive, Send

from ..domain.controls import escape_utf8_controls

# No inline scripts or styles, no resources of other sites, no framing.
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

# Other sites may embed or fetch these.
CROSS_ORIGIN_PREFIXES = ("/badge/", "/api/", "/feeds/")

_COMMON_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}

# Smaller bodies do not shrink; types that are not text are compressed already.
_MIN_COMPRESSED_SIZE = 500
_JSON_TYPES = ("application/json", "application/problem+json")
_COMPRESSIBLE_TYPES = ("text/", *_JSON_TYPES, "application/atom+xml", "image/svg+xml")

# The highest levels take ten times as long.
_BROTLI_QUALITY, _GZIP_LEVEL = 4, 4

_ZERO_QUALITY = re.compile(r"q\s*=\s*0(\.0*)?")


def build_security_headers(path: str) -> Iterator[tuple[str, str]]:
    """Yield the security headers of every response to a path."""
    yield from _COMMON_HEADERS.items()
    yield "cross-origin-resource-policy", "cross-origin" if path.startswith(CROSS_ORIGIN_PREFIXES) else "same-origin"


class _BufferedResponse:
    """Collects the messages of a response."""

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
    """Call `app` for a request and send its response with all headers of this module.

    Args:
        max_age: seconds a client may reuse a response that has no `Cache-Control` of its own.
        varies_by_origin: whether CORS headers depend on the requesting site; caches must then keep copies apart.
    """
    response = _BufferedResponse()
    get_scope = cast(HTTPScope, {**scope, "method": "GET"}) if scope["method"] == "HEAD" else scope
    await app(get_scope, receive, response)
    if response.start is None:
        return
    headers = MutableScopeHeaders(cast(Mapping[str, object], {"headers": list(response.start["headers"])}))  # type: ignore[arg-type]
    request_headers = Headers.from_scope(scope)
    for name, value in build_security_headers(scope["path"]):
        headers.setdefault(name, value)
    if varies_by_origin and "vary" not in headers:
        headers["vary"] = "Origin"
    status, body = response.start["status"], bytes(response.body)
    if headers.get("content-type", "").startswith(_JSON_TYPES):
        body = escape_utf8_controls(body)  # clients print responses to terminals
    if status == HTTPStatus.OK:
        etag = _set_cache_headers(headers, request_headers, body, max_age)
        if _matches_etag(request_headers.get("if-none-match", ""), etag):
            status, body = HTTPStatus.NOT_MODIFIED, b""
    if headers.get("content-type", "").startswith(_COMPRESSIBLE_TYPES):
        headers.add("vary", "accept-encoding")
        body, encoding = _compress(body, request_headers.get("accept-encoding", ""))
        if encoding:
            headers["content-encoding"] = encoding
    if status == HTTPStatus.NOT_MODIFIED:
        headers.pop("content-length", None)
    else:
        headers["content-length"] = str(len(body))
    await send(cast(HTTPResponseStartEvent, {**response.start, "status": int(status), "headers": headers.headers}))
    payload = b"" if scope["method"] == "HEAD" else body
    await send(HTTPResponseBodyEvent(type="http.response.body", body=payload, more_body=False))


def _set_cache_headers(headers: MutableScopeHeaders, request_headers: Headers, body: bytes, max_age: int) -> str:
    """Set `Cache-Control` and `ETag`; return the ETag, which does not depend on the encoding."""
    # A shared cache must not pass on what needs a key.
    cacheability = "private" if "authorization" in request_headers or "x-api-key" in request_headers else "public"
    headers.setdefault("cache-control", f"{cacheability}, max-age={max_age}" if max_age else "no-cache")
    etag = f'W/"{blake2b(body, digest_size=12).hexdigest()}"'
    headers["etag"] = etag
    return etag


def _matches_etag(if_none_match: str, etag: str) -> bool:
    """Return whether the client has this version; weak and strong tags compare as equal (RFC 9110, 13.1.2)."""
    etags = {value.strip().removeprefix("W/") for value in if_none_match.split(",")}
    return "*" in etags or etag.removeprefix("W/") in etags


def _compress(body: bytes, accepted: str) -> tuple[bytes, str]:
    """Return a body in the best encoding that the client accepts, and the name of the encoding, "" for none."""
    encodings = _parse_accept_encoding(accepted) if len(body) >= _MIN_COMPRESSED_SIZE else frozenset()
    if "br" in encodings:
        return cast(bytes, brotli.compress(body, quality=_BROTLI_QUALITY)), "br"
    if "gzip" in encodings:
        return gzip.compress(body, _GZIP_LEVEL, mtime=0), "gzip"
    return body, ""


def _parse_accept_encoding(accepted: str) -> frozenset[str]:
    """Return the encodings that a client accepts; a quality of 0 rejects one."""
    encodings = set()
    for item in accepted.lower().split(","):
        name, _, quality = item.partition(";")
        if not _ZERO_QUALITY.fullmatch(quality.strip()):
            encodings.add(name.strip())
    return frozenset(encodings)
