"""A README's HTML as a tree, to be written anew."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from msgspec import Struct, field

_VOID_TAGS = frozenset({"br", "col", "hr", "img", "wbr"})

# What lies deeper is put on this level: nobody can see so many levels, and each one costs a call.
_MAX_DEPTH = 120

_TAG_PATTERN = re.compile(r"""<(/?)([a-z][a-z0-9]*)(?:"[^"]*"|'[^']*'|[^"'>])*+>""", re.IGNORECASE)


class Element(Struct):
    """An element with its attributes and what is in it: elements and text."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Element | str"] = field(default_factory=list)

    def text(self) -> str:
        """Return all text in it."""
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)

    def walk(self) -> Iterator["Element"]:
        """Yield all elements in it, in order."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.walk()


def limit_depth(html: str) -> str:
    """Return well-formed HTML without the tags that lie too deep; what is in them stays.

    Reading and cleaning take time by the square of the depth: some thousand levels would keep everybody waiting.
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
    """Return well-formed HTML as one element, whose tag is ""."""
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
