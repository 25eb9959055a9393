"""Makes HTML from strangers safe to show: only what is listed here comes through.

The lists are tighter than those of readme-renderer, which lets classes, inputs and relative addresses pass.
"""

import re

import nh3

# Elements that only group: landmarks of somebody else's page. They are shown as this neutral element.
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
    "a": {"href", "title"},
    "abbr": {"title"},
    "acronym": {"title"},
    "img": {"src", "alt"},
    "ol": {"start"},
    "details": {"open"},
    "th": {"colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
}
_ALIGNMENTS = {"align": {"left", "center", "right"}}

# Their content is not text for people.
_DROPPED_WITH_CONTENT = {"script", "style", "svg", "math", "template", "object", "iframe", "noscript", "select", "head"}

# An id of a README must not meet one of the page that shows it, nor a name of the page's scripts.
_ID_PREFIX = "user-content-"

_ID = re.compile(r"\S{1,200}")
_NUMBER = re.compile(r"[0-9]{1,4}")
_HTTP_URL = re.compile(r"https?://[^\x00-\x20\x7f][^\x00-\x1f\x7f]*", re.IGNORECASE)
_MAILTO_URL = re.compile(r"mailto:[^\x00-\x20\x7f]+", re.IGNORECASE)


def sanitize_html(html: str) -> str:
    """Return the HTML with nothing in it but the listed elements and attributes, well-formed.

    Links lead to http, https and mailto addresses or to places in the same text; images have http and https
    addresses. What is text stays text, however often the result is parsed.
    """
    return _DISPLAY_CLEANER.clean(html)


def sanitize_keeping_groups(html: str) -> str:
    """Return the same as `sanitized`, with the grouping elements still in it: for reading, not for showing."""
    return _PARSING_CLEANER.clean(html)


def _filter_attribute(element: str, attribute: str, value: str) -> str | None:
    """Return the value that an attribute may have, None to take it away."""
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
        case "start" | "colspan" | "rowspan":
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
