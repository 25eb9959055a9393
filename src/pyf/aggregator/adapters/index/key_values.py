"""Values of keys: how they are made, which may be chosen, and what is kept of them."""

import hashlib
import hmac
import re
import secrets

from msgspec import Struct

from ...domain.api_key import PREFIX
from ...domain.errors import Invalid

# They travel in a header, and a list shows their beginning.
_VALUE = re.compile(r"[!-~]{8,200}")


class Hashed(Struct, frozen=True):
    """What is kept of a value: enough to recognise it, and not to tell it."""

    salt: bytes
    digest: bytes

    def is_of(self, value: str) -> bool:
        """Tell whether this was made of `value`; it takes as long whatever the answer is."""
        return hmac.compare_digest(self.digest, _digest(value, self.salt))


def guessed_by_nobody() -> str:
    """Return a new value of 32 characters, 192 bits of chance."""
    return secrets.token_urlsafe(24)


def checked_value(value: str) -> str:
    """Return a value that a key may have; raises `Invalid`, without quoting it, for any other."""
    if not _VALUE.fullmatch(value):
        raise Invalid("a key's value takes 8 to 200 visible ASCII characters")
    return value


def hashed(value: str) -> Hashed:
    """Return what is to be kept of a value.

    One round of SHA-256, because every request is checked: values of our own are far beyond guessing, and a chosen
    one is as strong as its owner has made it.
    """
    salt = secrets.token_bytes(16)
    return Hashed(salt, _digest(value, salt))


def prefix_of(value: str) -> str:
    """Return the part of a value that lists show."""
    return value[:PREFIX]


def _digest(value: str, salt: bytes) -> bytes:
    return hashlib.sha256(salt + value.encode("utf-8", "surrogatepass")).digest()
