"""Reads a README's HTML once: moves its headings down one level, and takes its text apart into chapters."""

from html import escape
from html.parser import HTMLParser

from msgspec import UNSET, Struct, UnsetType

from .changelog_heading import reads_like_changelog
from .plain_readme import first_chapter, lines
from .safe_html import GROUPS, NEUTRAL

# The page that shows a README has the first level for itself.
_LOWERED = {"h1": "h2", "h2": "h3", "h3": "h4", "h4": "h5", "h5": "h6", "h6": "h6"}
_RENAMED = {**dict.fromkeys(GROUPS, NEUTRAL), **_LOWERED}
_BLOCKS = frozenset(_RENAMED) | {
    *("p", "div", "blockquote", "pre", "hr", "br", "ul", "ol", "li", "dl", "dt", "dd", "details", "summary"),
    *("figure", "figcaption", "table", "caption", "thead", "tbody", "tfoot", "tr"),
}
_CELLS = frozenset({"td", "th"})
_VOID = frozenset({"br", "hr", "img", "wbr", "col"})

# No README for people nests deeper; browsers stop at 512.
MAX_DEPTH = 256


class TooDeep(ValueError):
    """The elements are nested deeper than `MAX_DEPTH`."""


class Chapters(Struct, frozen=True, kw_only=True):
    """A README's HTML with its headings one level lower, and its parts; what they mean is said at `Rendered`.

    A heading without text is none, unless an image in it has an alternative text. The heading that opens the
    changelog is not the title, even if it is the first one. Blank HTML shows neither text nor images.
    """

    html: str
    blank: bool
    title: str | UnsetType
    first_chapter: str | UnsetType
    main_content: str | UnsetType
    changelog: str | UnsetType


class _Heading(Struct, frozen=True):
    """A heading's text, and how many pieces of text precede it."""

    text: str
    position: int


def chapters(html: str, summary: str) -> Chapters:
    """Take well-formed HTML apart, such as `safe_html.tidied` returns; the result is yet to be sanitized.

    Raises `TooDeep`.
    """
    walk = _Walk()
    walk.feed(html)
    walk.close()
    text, headings = walk.text, walk.headings
    changes = next((h.position for h in headings if reads_like_changelog(h.text)), len(text))
    second = headings[1].position if len(headings) > 1 else len(text)
    body = min(second, changes)
    return Chapters(
        html="".join(walk.markup),
        blank=not walk.has_images and not _text(text),
        title=headings[0].text if headings and headings[0].position < changes else UNSET,
        first_chapter=first_chapter(summary, _text(text[:body])),
        main_content=_text(text[body:changes]) or UNSET,
        changelog=_text(text[changes:]) or UNSET,
    )


class _Walk(HTMLParser):
    """Goes through well-formed HTML and notes the changed markup, the pieces of text and the headings."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.markup: list[str] = []
        self.text: list[str] = []
        self.headings: list[_Heading] = []
        self.has_images = False
        self._depth = 0
        self._preformatted = 0
        self._open_heading = ""
        self._heading_position = 0
        self._heading_images: list[str] = []
        self._link_content = 0
        self._link_id: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element's start; an image that has lost its address becomes its alternative text."""
        if tag not in _VOID:
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise TooDeep(f"the elements are nested deeper than {MAX_DEPTH} levels")
        self._separate(tag)
        if tag == "img":
            self._image(dict(attrs))
            return
        if tag in _LOWERED and not self._open_heading:
            self._open_heading, self._heading_position, self._heading_images = tag, len(self.text), []
        self._preformatted += tag == "pre"
        if tag == "a":
            self._link_content, self._link_id = len(self.markup) + 1, dict(attrs).get("id")
        source = self.get_starttag_text() or ""
        self.markup.append(f"<{_RENAMED[tag]}{source[1 + len(tag) :]}" if tag in _RENAMED else source)

    def handle_endtag(self, tag: str) -> None:
        """Note an element's end."""
        self._depth -= 1
        self._preformatted -= tag == "pre"
        if tag == "a" and not "".join(self.markup[self._link_content :]).strip():
            self._drop_link()
            return
        self.markup.append(f"</{_RENAMED.get(tag, tag)}>")
        if tag == self._open_heading:
            self._end_heading()
        self._separate(tag)

    def handle_data(self, data: str) -> None:
        """Note text; outside of preformatted text its line breaks mean nothing."""
        self.markup.append(escape(data, quote=False))
        self.text.append(data if self._preformatted else data.replace("\n", " "))

    def _image(self, attributes: dict[str, str | None]) -> None:
        alternative = attributes.get("alt") or ""
        if self._open_heading:
            self._heading_images.append(alternative)
        if address := attributes.get("src"):
            self.has_images = True
            self.markup.append(f'<img src="{escape(address)}" alt="{escape(alternative)}">')
        elif alternative:
            self.handle_data(alternative)

    def _drop_link(self) -> None:
        """Leave only the id of a link that shows nothing, such as renderers put into headings."""
        del self.markup[self._link_content - 1 :]
        if self._link_id:
            self.markup.append(f'<a id="{escape(self._link_id)}"></a>')

    def _end_heading(self) -> None:
        text = _text(self.text[self._heading_position :]) or _text(self._heading_images)
        if text:
            self.headings.append(_Heading(text.replace("\n", " "), self._heading_position))
        self._open_heading = ""

    def _separate(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.text.append("\n")
        elif tag in _CELLS:
            self.text.append(" ")


def _text(pieces: list[str]) -> str:
    return lines("".join(pieces))
