"""Atom feeds (RFC 4287), written so that whatever a package says of itself stays text."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid5
from xml.etree.ElementTree import Element, SubElement, tostring

from msgspec import Struct

MEDIA_TYPE = "application/atom+xml"

_NAMESPACE = "http://www.w3.org/2005/Atom"

# What the identifiers of feeds and entries are made from, so that they stay whatever address the site has.
_IDENTIFIERS = UUID("5e2b1c0e-6c07-4c5d-9d7c-2f6d3b8f4a11")

# XML has no way to write these, not even escaped.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Entry(Struct, frozen=True, kw_only=True):
    """One entry; `key` is what it is the same entry by, `updated` in Unix seconds."""

    key: str
    title: str
    summary: str
    address: str
    updated: int


def feed(*, key: str, title: str, address: str, page: str, entries: Sequence[Entry]) -> bytes:
    """Return a feed that is at `address` and tells of what is on `page`; an empty one is as old as time."""
    root = Element("feed", xmlns=_NAMESPACE)
    _text(root, "id", _identifier(key))
    _text(root, "title", title)
    _text(root, "updated", _moment(max((entry.updated for entry in entries), default=0)))
    SubElement(root, "link", rel="self", type=MEDIA_TYPE, href=_writable(address))
    SubElement(root, "link", rel="alternate", type="text/html", href=_writable(page))
    _text(SubElement(root, "author"), "name", "pyf.aggregator")
    for entry in entries:
        element = SubElement(root, "entry")
        _text(element, "id", _identifier(entry.key))
        _text(element, "title", entry.title)
        _text(element, "updated", _moment(entry.updated))
        SubElement(element, "link", rel="alternate", type="text/html", href=_writable(entry.address))
        _text(element, "summary", entry.summary)
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = _writable(text)


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _identifier(key: str) -> str:
    return uuid5(_IDENTIFIERS, _writable(key)).urn


def _moment(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
