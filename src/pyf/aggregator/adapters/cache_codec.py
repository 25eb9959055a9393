"""Encoding of rendered READMEs and repository data in caches.

Decoders return None for a value that another version of the program has written in another form.
"""

import zlib

from msgspec import DecodeError
from msgspec.json import Decoder

from ..domain.readme.plain_text import RenderedReadme
from ..domain.repositories import CachedRepository
from .encoding import encode_json

# Compressing fewer bytes of JSON saves nothing.
_MIN_COMPRESSED_BYTES = 512

_readme_decoder = Decoder(RenderedReadme)
_repository_decoder = Decoder(CachedRepository)


def encode_readme(readme: RenderedReadme) -> bytes:
    """Return JSON, compressed to about a third if that saves anything."""
    json = encode_json(readme)
    return json if len(json) < _MIN_COMPRESSED_BYTES else zlib.compress(json, level=1)


def decode_readme(content: bytes) -> RenderedReadme | None:
    """Return a rendered README, None for an unreadable one."""
    try:
        return _readme_decoder.decode(content if content.startswith(b"{") else zlib.decompress(content))
    except (DecodeError, zlib.error):
        return None


def encode_repository(repository: CachedRepository) -> str:
    """Return JSON."""
    return encode_json(repository).decode()


def decode_repository(json: str) -> CachedRepository | None:
    """Return repository data, None for unreadable data."""
    try:
        return _repository_decoder.decode(json)
    except DecodeError:
        return None
