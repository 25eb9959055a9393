"""A README's HTML as a tree, to be written anew."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from msgspec import Struct, field

_VOID = frozenset({"br", "col", "hr", "img", "wbr"})

# What lies deeper is put on this level: nobody can see so many levels, and each one costs a call.
_DEEPEST = 120

_TAG = re.compile(r"""<(/?)([a-z][a-z0-9]*)(?:"[^"]*"|'[^']*'|[^"'>])*+>""", re.IGNORECASE)


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


def flattened(html: str) -> str:
    """Return well-formed HTML without the tags that lie too deep; what is in them stays.

    Reading and cleaning take time by the square of the depth: some thousand levels would keep everybody waiting.
    """
    depth = 0

    def kept(tag: re.Match[str]) -> str:
        nonlocal depth
        if tag[2].lower() in _VOID:
            return tag[0]
        depth += -1 if tag[1] else 1
        return tag[0] if depth < _DEEPEST or (depth == _DEEPEST and not tag[1]) else ""

    return _TAG.sub(kept, html)


def parsed(html: str) -> Element:
    """Return well-formed HTML as one element, whose tag is ""."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.root


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[min(len(self._open), _DEEPEST) - 1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag in {element.tag for element in self._open[1:]}:
            while self._open.pop().tag != tag:
                continue

    def handle_data(self, data: str) -> None:
        self._open[min(len(self._open), _DEEPEST) - 1].children.append(data)
