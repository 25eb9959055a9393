"""API keys of engines that check keys themselves: permissions, generation, validation and hashing."""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Callable

from msgspec import Struct

from ..domain.errors import Invalid
from ..ports.index import PREFIX_LENGTH, ApiKey

WILDCARD = "*"
_LETTERS_AND_DIGITS = string.ascii_letters + string.digits


def grants(key: ApiKey, action: str, collection: str, resolve: Callable[[str], str | None]) -> bool:
    """Return whether a key permits `action` on a collection; `resolve` returns the collection of a name or alias."""
    if not {action, WILDCARD} & set(key.actions):
        return False
    if {collection, WILDCARD} & set(key.collections):
        return True
    return any(resolve(name) == collection for name in key.collections)


# Visible ASCII, because keys are sent in a header, and lists of keys display the first characters.
_VALID_KEY = re.compile(r"[!-~]{8,200}")


class KeyHash(Struct, frozen=True):
    """Salted hash of a key's value."""

    salt: bytes
    digest: bytes

    def matches(self, value: str) -> bool:
        """Return whether this is the hash of `value`, in constant time."""
        return hmac.compare_digest(self.digest, _compute_digest(value, self.salt))


def generate_key() -> str:
    """Return a random value of 32 letters and digits (190 bits), which no command can read as an option."""
    return "".join(secrets.choice(_LETTERS_AND_DIGITS) for _ in range(32))


def validate_key(value: str) -> str:
    """Return the value if it is allowed, else raise `Invalid`, without quoting the value."""
    if not _VALID_KEY.fullmatch(value):
        raise Invalid("a key's value must have 8 to 200 visible ASCII characters")
    return value


def hash_key(value: str) -> KeyHash:
    """Return the salted hash of a value.

    One round of SHA-256 is fast enough to check every request. It is safe for generated values, which cannot be
    guessed. Users who choose a value decide how strong it is.
    """
    salt = secrets.token_bytes(16)
    return KeyHash(salt, _compute_digest(value, salt))


def get_prefix(value: str) -> str:
    """Return the first characters of a value, which lists of keys display."""
    return value[:PREFIX_LENGTH]


def _compute_digest(value: str, salt: bytes) -> bytes:
    return hashlib.sha256(salt + value.encode("utf-8", "surrogatepass")).digest()
