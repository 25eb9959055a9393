"""Sanitize untrusted HTML: only the listed elements and attributes remain.

The lists are stricter than those of readme-renderer, which allows classes, inputs and relative URLs.
"""

import re

import nh3

from .markup import RELATIVE_URL

# Landmark elements, which belong to the page around a README, are replaced by this neutral element.
NEUTRAL_ELEMENT = "div"
GROUPING_ELEMENTS = frozenset({"article", "aside", "center", "footer", "header", "main", "nav", "section"})

_ELEMENTS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "div", "blockquote", "pre", "hr", "br", "wbr"),
    *("ul", "ol", "li", "dl", "dt", "dd", "details", "summary", "figure", "figcaption"),
    *("table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td"),
    *("a", "abbr", "acronym", "b", "cite", "code", "del", "dfn", "em", "i", "ins", "kbd", "mark", "q", "s", "samp"),
    *("small", "strike", "strong", "sub", "sup", "tt", "u", "var", "img"),
}
_ATTRIBUTES = {
    "*": {"id"},
    "a": {"href", "title", "data-href"},
    "abbr": {"title"},
    "acronym": {"title"},
    "img": {"src", "alt", "data-src"},
    "ol": {"start", "reversed", "type"},
    "li": {"value"},
    "details": {"open"},
    "th": {"colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
}
_ALIGNMENTS = {"align": {"left", "center", "right"}}

# Elements whose content is not readable text.
_DROPPED_WITH_CONTENT = {"script", "style", "svg", "math", "template", "object", "iframe", "noscript", "select", "head"}

# The prefix avoids conflicts with ids and script names of the page that displays the README.
_ID_PREFIX = "user-content-"

_ID = re.compile(r"\S{1,200}")
_NUMBER = re.compile(r"[0-9]{1,4}")
_HTTP_URL = re.compile(r"https?://[^\x00-\x20\x7f][^\x00-\x1f\x7f]*", re.IGNORECASE)
_MAILTO_URL = re.compile(r"mailto:[^\x00-\x20\x7f]+", re.IGNORECASE)


def sanitize_html(html: str) -> str:
    """Return well-formed HTML with the listed elements and attributes only.

    Links have http, https and mailto URLs or point to anchors in the same text; images have http and https URLs.
    Relative URLs are in `data-href` and `data-src`. Text stays text when the result is parsed again.
    """
    return _DISPLAY_CLEANER.clean(html)


def sanitize_keeping_groups(html: str) -> str:
    """Sanitize HTML, but keep grouping elements: for parsing, not for display."""
    return _PARSING_CLEANER.clean(html)


def _filter_attribute(element: str, attribute: str, value: str) -> str | None:
    """Return the allowed value of an attribute, None to remove it."""
    value = value.strip()
    match attribute:
        case "href" if value.startswith("#"):
            return f"#{name}" if (name := _prefix_id(value[1:])) else None
        case "href":
            return value if _HTTP_URL.fullmatch(value) or _MAILTO_URL.fullmatch(value) else None
        case "src":
            return value if _HTTP_URL.fullmatch(value) else None
        case "id":
            return _prefix_id(value)
        case "data-href" | "data-src":
            return value if RELATIVE_URL.fullmatch(value) else None
        case "type":
            return value if value in ("1", "a", "A", "i", "I") else None
        case "reversed":
            return ""
        case "start" | "colspan" | "rowspan" | "value":
            return value if _NUMBER.fullmatch(value) else None
        case _:
            return value


def _prefix_id(name: str) -> str | None:
    name = name.removeprefix(_ID_PREFIX)
    return _ID_PREFIX + name if _ID.fullmatch(name) else None


def _build_cleaner(elements: set[str]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=elements,
        attributes=_ATTRIBUTES,
        attribute_filter=_filter_attribute,
        tag_attribute_values={"td": _ALIGNMENTS, "th": _ALIGNMENTS},
        clean_content_tags=_DROPPED_WITH_CONTENT,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener ugc",
    )


_DISPLAY_CLEANER = _build_cleaner(_ELEMENTS)
_PARSING_CLEANER = _build_cleaner(_ELEMENTS | GROUPING_ELEMENTS)
