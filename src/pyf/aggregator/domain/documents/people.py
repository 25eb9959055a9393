"""The people in published fields such as `author` and `author_email`: their names without e-mail addresses."""

import re
from collections.abc import Iterable, Iterator
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import getaddresses
from inspect import signature
from typing import Any

from ..email_masking import mask_emails, remove_emails

# Real fields have at most some thousand characters. Deeply nested comments would exhaust the stack of the parser.
_MAX_LENGTH, _MAX_NESTING = 5_000, 20

_ENCODED_WORD = re.compile(r"=\?[^?\s]+\?[bq]\?[^?\s]*\?=", re.IGNORECASE)
# Separators, and quoted strings, which may contain any of them.
_SEPARATOR = re.compile(r'"(?:[^"\\]|\\.)*"|[;\n]')
# An unquoted suffix of a company or a person belongs to the name before it: `Example, Inc. <a@x.example>`.
_SUFFIX = re.compile(r"(?:inc|ltd|llc|gmbh|corp|co|plc|ag|s\.?a|b\.?v|jr|sr|ph\.?d|m\.?d)\.?", re.IGNORECASE)
# A part of a list: quoted strings, comments and anything else up to a comma.
_PART = re.compile(r'(?:"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.|\([^()]*\))*\)|[^,])+')
_BRACKETED = re.compile(r"<[^<>]*>?")
_CONJUNCTION = re.compile(r"(?:and|&)\s+")
# Newer versions of Python reject irregular lists by default.
_LENIENT: dict[str, Any] = {"strict": False} if "strict" in signature(getaddresses).parameters else {}
_PUNCTUATION = " \t\r\n\"'<>;,"


def parse_person_names(values: Iterable[str]) -> tuple[str, ...]:
    """Return the names in fields such as author and author_email, each once, without e-mail addresses.

    A field with an address is a list of e-mail addresses (RFC 5322, with `;` as a second separator and with encoded
    words); any other field is one name: "Plone Foundation, Inc.".
    """
    return tuple(dict.fromkeys(name for value in values for name in _iter_names(value[:_MAX_LENGTH])))


def _iter_names(value: str) -> Iterator[str]:
    for name in _parse_addresses(value) if "@" in value else [_decode_words(value)]:
        cleaned = " ".join(remove_emails(name).strip(_PUNCTUATION).split())
        # An incomplete address may be left.
        if cleaned and mask_emails(cleaned) == cleaned:
            yield cleaned


def _parse_addresses(value: str) -> list[str]:
    """Return the display names of a list of addresses; a part without an address is a name itself."""
    unified = _SEPARATOR.sub(lambda token: "," if token[0] in ";\n" else token[0], value)
    names: list[str] = []
    for name in (name for part in _PART.findall(unified) for name in _parse_names(part)):
        if names and _SUFFIX.fullmatch(name):
            names[-1] = f"{names[-1]}, {name}"
        elif name:
            names.append(name)
    return names


def _parse_names(part: str) -> list[str]:
    """Return the display names of a part of a list, or the comments after the addresses."""
    names: list[str] = []
    if "@" in part and part.count("(") <= _MAX_NESTING:
        # One part at a time: Python rejects a whole list for one irregular part.
        names = [name for name, _ in getaddresses([part], **_LENIENT) if name and "@" not in name]
    names = names or [_BRACKETED.sub("", remove_emails(part))]
    return [_CONJUNCTION.sub("", _decode_words(name.strip(_PUNCTUATION))) for name in names]


def _decode_words(text: str) -> str:
    """Decode the encoded words of RFC 2047, such as `=?utf-8?q?Andr=C3=A9?=`."""
    if not _ENCODED_WORD.search(text):
        return text
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError):
        return text
