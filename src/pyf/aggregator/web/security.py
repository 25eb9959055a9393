"""The headers that tell browsers to do nothing that a page of ours does not need."""

from collections.abc import Iterator

# No inline script or style, nothing from elsewhere, no frame around us.
POLICY = "; ".join(
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
SHARED = ("/badge/", "/api/", "/feeds/")

_ALWAYS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


def headers(path: str) -> Iterator[tuple[str, str]]:
    """Yield the headers of every answer to a path."""
    yield from _ALWAYS.items()
    yield "cross-origin-resource-policy", "cross-origin" if path.startswith(SHARED) else "same-origin"
