"""What a key opens: the one rule that all engines which check keys themselves follow.

Values of keys: how they are made, which may be chosen, and what is kept of them.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable

from msgspec import Struct

from ..domain.errors import Invalid
from ..ports.keys import PREFIX_LENGTH, ApiKey

WILDCARD = "*"


def grants(key: ApiKey, action: str, collection: str, resolve: Callable[[str], str | None]) -> bool:
    """Tell whether a key may do `action` on a collection; `resolve` tells what a name leads to now."""
    if not {action, WILDCARD} & set(key.actions):
        return False
    if {collection, WILDCARD} & set(key.collections):
        return True
    return any(resolve(name) == collection for name in key.collections)


# They travel in a header, and a list shows their beginning.
_VALID_KEY = re.compile(r"[!-~]{8,200}")


class KeyHash(Struct, frozen=True):
    """What is kept of a value: enough to recognise it, and not to tell it."""

    salt: bytes
    digest: bytes

    def matches(self, value: str) -> bool:
        """Tell whether this was made of `value`; it takes as long whatever the answer is."""
        return hmac.compare_digest(self.digest, _compute_digest(value, self.salt))


def generate_key() -> str:
    """Return a new value of 32 characters, 192 bits of chance."""
    return secrets.token_urlsafe(24)


def validate_key(value: str) -> str:
    """Return a value that a key may have; raises `Invalid`, without quoting it, for any other."""
    if not _VALID_KEY.fullmatch(value):
        raise Invalid("a key's value takes 8 to 200 visible ASCII characters")
    return value


def hash_key(value: str) -> KeyHash:
    """Return what is to be kept of a value.

    One round of SHA-256, because every request is checked: values of our own are far beyond guessing, and a chosen
    one is as strong as its owner has made it.
    """
    salt = secrets.token_bytes(16)
    return KeyHash(salt, _compute_digest(value, salt))


def get_prefix(value: str) -> str:
    """Return the part of a value that lists show."""
    return value[:PREFIX_LENGTH]


def _compute_digest(value: str, salt: bytes) -> bytes:
    return hashlib.sha256(salt + value.encode("utf-8", "surrogatepass")).digest()
