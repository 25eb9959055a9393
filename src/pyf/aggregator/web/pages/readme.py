"""READMEs on the page of a package: headings below the page's own, no badges, other images as links.

The stored HTML is sanitized again, because it may have been stored under older rules.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape
from html.parser import HTMLParser
from itertools import count

from msgspec import Struct, field

from ...domain.email_masking import mask_emails
from ...domain.readme.badges import is_badge
from ...domain.readme.safe_html import sanitize_html
from . import formatting

_VOID_TAGS = frozenset({"br", "col", "hr", "img", "wbr"})

# Deeper elements move up to this level: each level costs a recursive call.
_MAX_DEPTH = 120

_TAG_PATTERN = re.compile(r"""<(/?)([a-z][a-z0-9]*)(?:"[^"]*"|'[^']*'|[^"'>])*+>""", re.IGNORECASE)


class Element(Struct):
    """An HTML element with its children: elements and text."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Element | str"] = field(default_factory=list)

    def text(self) -> str:
        """Return the text of the element and its descendants."""
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)

    def walk(self) -> Iterator["Element"]:
        """Yield all descendant elements in document order."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.walk()


def limit_depth(html: str) -> str:
    """Remove the tags of too deep elements and keep their content.

    Parsing and sanitizing time grows with the square of the depth: thousands of levels would block the server.
    """
    depth = 0

    def replace_tag(tag: re.Match[str]) -> str:
        nonlocal depth
        if tag[2].lower() in _VOID_TAGS:
            return tag[0]
        depth += -1 if tag[1] else 1
        return tag[0] if depth < _MAX_DEPTH or (depth == _MAX_DEPTH and not tag[1]) else ""

    return _TAG_PATTERN.sub(replace_tag, html)


def parse_html(html: str) -> Element:
    """Parse well-formed HTML into a root element with the tag ""."""
    reader = _TreeBuilder()
    reader.feed(html)
    reader.close()
    return reader.root


class _TreeBuilder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("")
        self._open_elements = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open_elements[min(len(self._open_elements), _MAX_DEPTH) - 1].children.append(element)
        if tag not in _VOID_TAGS:
            self._open_elements.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag in {element.tag for element in self._open_elements[1:]}:
            while self._open_elements.pop().tag != tag:
                continue

    def handle_data(self, data: str) -> None:
        self._open_elements[min(len(self._open_elements), _MAX_DEPTH) - 1].children.append(data)


_HEADING_TAGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BARE_TAGS = frozenset({"br", "col", "hr", "wbr"})
_KEPT_ATTRIBUTES = ("title", "start", "reversed", "type", "value", "open", "colspan", "rowspan")
_LINK_REL = "nofollow noopener ugc"

# The section of the README has an h2 of its own.
_TOP_LEVEL, _LOWEST_LEVEL = 3, 6

# Characters. Wider code scrolls on phones, so it must be focusable for keyboard users.
_MAX_CODE_WIDTH = 34

# Characters of HTML.
_MAX_README_LENGTH = 1_000_000


@lru_cache(maxsize=64)
def render_readme(html: str) -> str:
    """Return the HTML of a README for its page; "" if there is none."""
    return "".join(_ReadmeWriter().write_children(_parse_readme(html[:_MAX_README_LENGTH]))) if html.strip() else ""


def _parse_readme(html: str) -> Element:
    """Parse untrusted HTML and leave out its badges."""
    root = parse_html(sanitize_html(limit_depth(html)))
    _remove_badges(root)
    return root


# Elements that are left out if they held nothing but badges; a cell stays, because it has a place in its table.
_LEFT_OUT_WHEN_EMPTY = frozenset({"a", "p", "div", "li", "ul", "ol", "dl", "dt", "dd", "blockquote", "figure", "table"})
_INLINE_TAGS = frozenset({"a", "img", "br", "wbr", "b", "strong", "em", "i", "sub", "sup", "small", "code"})


def _remove_badges(element: Element, in_row: bool = False) -> bool:
    """Remove badges, and elements that held nothing else; return whether something was removed."""
    in_row = in_row or _is_row_of_badges(element)
    kept: list[Element | str] = []
    is_changed = False
    for child in element.children:
        if isinstance(child, Element):
            if child.tag == "img" and is_badge(child.attributes.get("src", ""), in_row=in_row):
                is_changed = True
                continue
            if _remove_badges(child, in_row):
                is_changed = True
                if child.tag in _LEFT_OUT_WHEN_EMPTY and not _has_content(child):
                    continue
        kept.append(child)
    element.children[:] = kept
    return is_changed


def _is_row_of_badges(element: Element) -> bool:
    """Return whether a block without text holds several images, and one of them is a badge."""
    descendants = list(element.walk())
    if any(descendant.tag not in _INLINE_TAGS for descendant in descendants) or _has_words(element):
        return False
    urls = [descendant.attributes.get("src", "") for descendant in descendants if descendant.tag == "img"]
    return len(urls) > 1 and any(map(is_badge, urls))


def _has_words(element: Element) -> bool:
    return any(character.isalnum() for character in element.text())


def _has_content(element: Element) -> bool:
    """Return whether an element has words or an image: separators between badges don't count."""
    return _has_words(element) or any(child.tag == "img" for child in element.walk())


class _ReadmeWriter:
    """Writes one README; counts tables, and keeps ids unique."""

    def __init__(self) -> None:
        self._tables = count(1)
        self._ids: set[str] = set()
        self._levels: list[tuple[int, int]] = []  # of the enclosing headings: in the README, on the page

    def write_children(self, element: Element, inside: str = "") -> Iterator[str]:
        """Yield the HTML of an element's children; `inside` is "a" within a link."""
        for child in _wrap_list_items(element) if element.tag in {"ul", "ol", "dl"} else element.children:
            if isinstance(child, str):
                yield escape(mask_emails(child), quote=False)
            else:
                yield from self._write_element(child, element.tag, inside)

    def _write_element(self, element: Element, parent: str, inside: str) -> Iterator[str]:
        tag = element.tag
        if tag in _BARE_TAGS:
            yield f"<{tag}>"
        elif tag == "img":
            yield _render_image(element, inside)
        elif tag == "a":
            yield from self._write_link(element, inside)
        elif tag in _HEADING_TAGS and not _is_visible(element):
            yield from self.write_children(element, inside)
        elif tag in _HEADING_TAGS:
            yield from self._write_tag(f"h{self._to_page_level(int(tag[1]))}", element, inside)
        elif tag == "table":
            label = f"Table {next(self._tables)} of the README"
            yield f'<div class="scroll" role="group" tabindex="0" aria-label="{label}">'
            yield from self._write_tag(tag, element, inside)
            yield "</div>"
        elif tag == "pre" and any(len(line) > _MAX_CODE_WIDTH for line in element.text().splitlines()):
            yield from self._write_tag(tag, element, inside, ' tabindex="0"')
        else:
            yield from self._write_tag(_choose_tag(element, parent), element, inside)

    def _write_tag(self, tag: str, element: Element, inside: str, extra_attributes: str = "") -> Iterator[str]:
        attributes = "".join(
            f' {n}="{escape(element.attributes[n])}"' for n in _KEPT_ATTRIBUTES if n in element.attributes
        )
        yield f"<{tag}{self._id_attribute(element)}{attributes}{extra_attributes}>"
        if tag == "pre" and element.text().startswith("\n"):
            yield "\n"  # HTML parsers drop the first newline of a pre element
        if tag == "details" and not any(
            child.tag == "summary" and _is_visible(child) for child in _iter_child_elements(element)
        ):
            yield "<summary>Details</summary>"
        yield from self.write_children(element, inside)
        yield f"</{tag}>"

    def _write_link(self, element: Element, inside: str) -> Iterator[str]:
        """Yield a link; nested links, e-mail links and links without a target become text."""
        url = element.attributes.get("href", "")
        if inside or not url or url.lower().startswith("mailto:") or mask_emails(url) != url:
            yield from self._write_tag("span", element, inside)
            return
        rel = "" if url.startswith("#") else f' rel="{_LINK_REL}"'
        yield f'<a{self._id_attribute(element)} href="{escape(url)}"{rel}>'
        yield from self.write_children(element, "a") if _is_visible(element) else ["link"]
        yield "</a>"

    def _id_attribute(self, element: Element) -> str:
        """Return the id attribute; only the first element with an id keeps it."""
        name = element.attributes.get("id", "")
        if not name or name in self._ids:
            return ""
        self._ids.add(name)
        return f' id="{escape(name)}"'

    def _to_page_level(self, level: int) -> int:
        """Return a heading's level on the page: one below its parent heading, without skipped levels."""
        while self._levels and self._levels[-1][0] >= level:
            self._levels.pop()
        page_level = min(self._levels[-1][1] + 1, _LOWEST_LEVEL) if self._levels else _TOP_LEVEL
        self._levels.append((level, page_level))
        return page_level


def _render_image(element: Element, inside: str) -> str:
    """Return an image as a link with its alternative text, inside a link as text only."""
    url = element.attributes.get("src", "")
    text = escape(formatting.sanitize(element.attributes.get("alt", "")) or "image", quote=False)
    if inside or not url or mask_emails(url) != url:
        return f"{text} "
    return f'<a class="image" href="{escape(url)}" rel="{_LINK_REL}">{text}</a> '


def _choose_tag(element: Element, parent: str) -> str:
    """Return the tag for an element; elements in an invalid place become a div."""
    match element.tag:
        case "li" if parent not in {"ul", "ol"}:
            return "div"
        case "dt" | "dd" if parent not in {"dl", "div"}:
            return "div"
        case "summary" if parent != "details" or not _is_visible(element):
            return "div"
        case "figcaption" if parent != "figure":
            return "div"
        case "th" if not _is_visible(element):
            return "td"
        case tag:
            return tag


def _wrap_list_items(element: Element) -> list[Element | str]:
    """Return the children of a list, with other elements wrapped in items."""
    item_tags = {"dt", "dd", "div"} if element.tag == "dl" else {"li"}
    return [
        child
        if (isinstance(child, Element) and child.tag in item_tags) or (isinstance(child, str) and not child.strip())
        else Element("dd" if element.tag == "dl" else "li", {}, [child])
        for child in element.children
    ]


def _iter_child_elements(element: Element) -> Iterator[Element]:
    return (child for child in element.children if isinstance(child, Element))


def _is_visible(element: Element) -> bool:
    """Return whether an element has text or an image."""
    return bool(element.text().strip()) or any(child.tag == "img" for child in element.walk())
