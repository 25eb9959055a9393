"""The headers that tell browsers to do nothing that a page of ours does not need."""

from collections.abc import Iterator

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
