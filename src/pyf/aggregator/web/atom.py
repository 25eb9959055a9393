"""Atom feeds (RFC 4287), written so that whatever a package says of itself stays text."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid5
from xml.etree.ElementTree import Element, SubElement, tostring

from msgspec import Struct

MEDIA_TYPE = "application/atom+xml"

_XML_NAMESPACE = "http://www.w3.org/2005/Atom"

# What the identifiers of feeds and entries are made from, so that they stay whatever address the site has.
_ID_NAMESPACE = UUID("5e2b1c0e-6c07-4c5d-9d7c-2f6d3b8f4a11")

# XML has no way to write these, not even escaped.
_INVALID_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class AtomEntry(Struct, frozen=True, kw_only=True):
    """One entry; `key` is what it is the same entry by, `updated` in Unix seconds."""

    key: str
    title: str
    summary: str
    url: str
    updated: int


def render_feed(*, key: str, title: str, url: str, page_url: str, entries: Sequence[AtomEntry]) -> bytes:
    """Return a feed that is at `address` and tells of what is on `page`; an empty one is as old as time."""
    root = Element("feed", xmlns=_XML_NAMESPACE)
    _add_text(root, "id", _to_urn(key))
    _add_text(root, "title", title)
    _add_text(root, "updated", _format_time(max((entry.updated for entry in entries), default=0)))
    SubElement(root, "link", rel="self", type=MEDIA_TYPE, href=_to_xml_text(url))
    SubElement(root, "link", rel="alternate", type="text/html", href=_to_xml_text(page_url))
    _add_text(SubElement(root, "author"), "name", "pyf.aggregator")
    for entry in entries:
        element = SubElement(root, "entry")
        _add_text(element, "id", _to_urn(entry.key))
        _add_text(element, "title", entry.title)
        _add_text(element, "updated", _format_time(entry.updated))
        SubElement(element, "link", rel="alternate", type="text/html", href=_to_xml_text(entry.url))
        _add_text(element, "summary", entry.summary)
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def _add_text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = _to_xml_text(text)


def _to_xml_text(text: str) -> str:
    return _INVALID_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _to_urn(key: str) -> str:
    return uuid5(_ID_NAMESPACE, _to_xml_text(key)).urn


def _format_time(timestamp: int) -> str:
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%dT%H:%M:%SZ}"
