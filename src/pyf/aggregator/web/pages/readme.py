"""Fits a README into its page: headings below the page's own, pictures as links, tables and code that can be scrolled.

What comes in is safe HTML already; it is made safe once more, because it may be older than the rules.
"""

from collections.abc import Iterator
from functools import lru_cache
from html import escape
from itertools import count

from ...domain.addresses import without_addresses
from ...domain.safe_html import sanitized
from . import words
from .readme_tree import Element, flattened, parsed

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_VOID = frozenset({"br", "col", "hr", "wbr"})
_KEPT = ("title", "start", "open", "colspan", "rowspan")
_REL = "nofollow noopener ugc"

# The README's own section is headed by an h2, so what is in it begins below.
_TOP, _LOWEST = 3, 6

# Code that is wider than a phone has to be reached with the keyboard, to be scrolled.
_NARROW = 34

# Nobody reads on: the rest is at the project's own pages.
_LONGEST = 1_000_000


@lru_cache(maxsize=64)
def fitted(html: str) -> str:
    """Return a README's HTML as its page shows it; "" for none."""
    return "".join(_Fitting().written(parsed(sanitized(flattened(html[:_LONGEST]))))) if html.strip() else ""


class _Fitting:
    """Writes one README; what is numbered or must not come twice in a page is counted here."""

    def __init__(self) -> None:
        self._tables = count(1)
        self._ids: set[str] = set()
        self._levels: list[tuple[int, int]] = []  # of the headings above: as the author has them, and as shown

    def written(self, element: Element, inside: str = "") -> Iterator[str]:
        """Yield the HTML of what is in an element; `inside` is "a" within a link."""
        for child in _as_items(element) if element.tag in {"ul", "ol", "dl"} else element.children:
            if isinstance(child, str):
                yield escape(without_addresses(child), quote=False)
            else:
                yield from self._element(child, element.tag, inside)

    def _element(self, element: Element, parent: str, inside: str) -> Iterator[str]:
        tag = element.tag
        if tag in _VOID:
            yield f"<{tag}>"
        elif tag == "img":
            yield _picture(element, inside)
        elif tag == "a":
            yield from self._link(element, inside)
        elif tag in _HEADINGS and not _is_seen(element):
            yield from self.written(element, inside)
        elif tag in _HEADINGS:
            yield from self._wrapped(f"h{self._level(int(tag[1]))}", element, inside)
        elif tag == "table":
            label = f"Table {next(self._tables)} of the README"
            yield f'<div class="scroll" role="group" tabindex="0" aria-label="{label}">'
            yield from self._wrapped(tag, element, inside)
            yield "</div>"
        elif tag == "pre" and any(len(line) > _NARROW for line in element.text().splitlines()):
            yield from self._wrapped(tag, element, inside, ' tabindex="0"')
        else:
            yield from self._wrapped(_fitting(element, parent), element, inside)

    def _wrapped(self, tag: str, element: Element, inside: str, more: str = "") -> Iterator[str]:
        kept = "".join(f' {n}="{escape(element.attributes[n])}"' for n in _KEPT if n in element.attributes)
        yield f"<{tag}{self._identity(element)}{kept}{more}>"
        if tag == "pre" and element.text().startswith("\n"):
            yield "\n"  # the first one is not taken for text
        if tag == "details" and not any(each.tag == "summary" and _is_seen(each) for each in _elements(element)):
            yield "<summary>Details</summary>"
        yield from self.written(element, inside)
        yield f"</{tag}>"

    def _link(self, element: Element, inside: str) -> Iterator[str]:
        """Yield a link; one that writes to somebody, leads nowhere or is in another one is its text only."""
        address = element.attributes.get("href", "")
        if inside or not address or address.lower().startswith("mailto:") or without_addresses(address) != address:
            yield from self._wrapped("span", element, inside)
            return
        rel = "" if address.startswith("#") else f' rel="{_REL}"'
        yield f'<a{self._identity(element)} href="{escape(address)}"{rel}>'
        yield from self.written(element, "a") if _is_seen(element) else ["link"]
        yield "</a>"

    def _identity(self, element: Element) -> str:
        """Return the attribute that names a place; of several alike the first one has it."""
        name = element.attributes.get("id", "")
        if not name or name in self._ids:
            return ""
        self._ids.add(name)
        return f' id="{escape(name)}"'

    def _level(self, level: int) -> int:
        """Return a heading's level on the page: one below what it is below of, whatever its author has skipped."""
        while self._levels and self._levels[-1][0] >= level:
            self._levels.pop()
        shown = min(self._levels[-1][1] + 1, _LOWEST) if self._levels else _TOP
        self._levels.append((level, shown))
        return shown


def _picture(element: Element, inside: str) -> str:
    """Return a picture as a link with its alternative text; in a link that text is what is linked."""
    address = element.attributes.get("src", "")
    said = escape(words.told(element.attributes.get("alt", "")) or "picture", quote=False)
    if inside or not address or without_addresses(address) != address:
        return f"{said} "
    return f'<a class="picture" href="{escape(address)}" rel="{_REL}">{said}</a> '


def _fitting(element: Element, parent: str) -> str:
    """Return the tag that an element is written with: what makes no sense where it stands is a plain block."""
    match element.tag:
        case "li" if parent not in {"ul", "ol"}:
            return "div"
        case "dt" | "dd" if parent not in {"dl", "div"}:
            return "div"
        case "summary" if parent != "details" or not _is_seen(element):
            return "div"
        case "figcaption" if parent != "figure":
            return "div"
        case "th" if not _is_seen(element):
            return "td"
        case tag:
            return tag


def _as_items(element: Element) -> list[Element | str]:
    """Return what is in a list, with an item around whatever is none."""
    own = {"dt", "dd", "div"} if element.tag == "dl" else {"li"}
    return [
        child
        if (isinstance(child, Element) and child.tag in own) or (isinstance(child, str) and not child.strip())
        else Element("dd" if element.tag == "dl" else "li", {}, [child])
        for child in element.children
    ]


def _elements(element: Element) -> Iterator[Element]:
    return (child for child in element.children if isinstance(child, Element))


def _is_seen(element: Element) -> bool:
    """Tell whether there is anything to see in an element."""
    return bool(element.text().strip()) or any(each.tag == "img" for each in element.walk())
