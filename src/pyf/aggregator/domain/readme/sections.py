"""Split a README's HTML into plain-text sections, and lower its headings by one level, in one pass."""

from html import escape
from html.parser import HTMLParser

from msgspec import UNSET, Struct, UnsetType

from .plain_text import is_changelog_heading, join_first_chapter, normalize_lines
from .safe_html import GROUPING_ELEMENTS, NEUTRAL_ELEMENT

# The first level belongs to the page that displays the README.
_LOWERED_HEADINGS = {"h1": "h2", "h2": "h3", "h3": "h4", "h4": "h5", "h5": "h6", "h6": "h6"}
_RENAMED_ELEMENTS = {**dict.fromkeys(GROUPING_ELEMENTS, NEUTRAL_ELEMENT), **_LOWERED_HEADINGS}
_BLOCKS = frozenset(_RENAMED_ELEMENTS) | {
    *("p", "div", "blockquote", "pre", "hr", "br", "ul", "ol", "li", "dl", "dt", "dd", "details", "summary"),
    *("figure", "figcaption", "table", "caption", "thead", "tbody", "tfoot", "tr"),
}
_CELLS = frozenset({"td", "th"})
_VOID = frozenset({"br", "hr", "img", "wbr", "col"})

# Real READMEs are never nested deeper; browsers stop at 512.
MAX_DEPTH = 256


class NestingTooDeep(ValueError):
    """The elements are nested deeper than `MAX_DEPTH`."""


class ReadmeSections(Struct, frozen=True, kw_only=True):
    """A README's HTML with lowered headings, and its parts (see `RenderedReadme`).

    A heading without text or alternative text of an image does not count. The heading of the changelog is never the
    title. Blank HTML has neither text nor images.
    """

    html: str
    is_blank: bool
    title: str | UnsetType
    first_chapter: str | UnsetType
    main_content: str | UnsetType
    changelog: str | UnsetType


class _Heading(Struct, frozen=True):
    """A heading's text, and its position in the list of text pieces."""

    text: str
    position: int


def split_sections(html: str, summary: str) -> ReadmeSections:
    """Split well-formed HTML, as `sanitize_keeping_groups` returns it; the resulting HTML is not sanitized.

    Raises:
        NestingTooDeep: Elements are nested deeper than `MAX_DEPTH`.
    """
    parser = _SectionParser()
    parser.feed(html)
    parser.close()
    text, headings = parser.text, parser.headings
    changelog_start = next((h.position for h in headings if is_changelog_heading(h.text)), len(text))
    second_heading_start = headings[1].position if len(headings) > 1 else len(text)
    first_chapter_end = min(second_heading_start, changelog_start)
    return ReadmeSections(
        html="".join(parser.markup),
        is_blank=not parser.has_images and not _join_text(text),
        title=headings[0].text if headings and headings[0].position < changelog_start else UNSET,
        first_chapter=join_first_chapter(summary, _join_text(text[:first_chapter_end])),
        main_content=_join_text(text[first_chapter_end:changelog_start]) or UNSET,
        changelog=_join_text(text[changelog_start:]) or UNSET,
    )


class _SectionParser(HTMLParser):
    """A parser of well-formed HTML that collects changed markup, pieces of text and headings."""

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
        """Add an element's start tag; an image without URL is replaced by its alternative text."""
        if tag not in _VOID:
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise NestingTooDeep(f"the elements are nested deeper than {MAX_DEPTH} levels")
        self._add_separator(tag)
        if tag == "img":
            self._add_image(dict(attrs))
            return
        if tag in _LOWERED_HEADINGS and not self._open_heading:
            self._open_heading, self._heading_position, self._heading_images = tag, len(self.text), []
        self._preformatted += tag == "pre"
        if tag == "a":
            self._link_content, self._link_id = len(self.markup) + 1, dict(attrs).get("id")
        source = self.get_starttag_text() or ""
        self.markup.append(f"<{_RENAMED_ELEMENTS[tag]}{source[1 + len(tag) :]}" if tag in _RENAMED_ELEMENTS else source)

    def handle_endtag(self, tag: str) -> None:
        """Add an element's end tag."""
        self._depth -= 1
        self._preformatted -= tag == "pre"
        if tag == "a" and not "".join(self.markup[self._link_content :]).strip():
            self._drop_link()
            return
        self.markup.append(f"</{_RENAMED_ELEMENTS.get(tag, tag)}>")
        if tag == self._open_heading:
            self._finish_heading()
        self._add_separator(tag)

    def handle_data(self, data: str) -> None:
        """Add text; line breaks only count in preformatted text."""
        self.markup.append(escape(data, quote=False))
        self.text.append(data if self._preformatted else data.replace("\n", " "))

    def _add_image(self, attributes: dict[str, str | None]) -> None:
        alt_text = attributes.get("alt") or ""
        if self._open_heading:
            self._heading_images.append(alt_text)
        if relative := attributes.get("data-src"):
            self.markup.append(f'<img data-src="{escape(relative)}" alt="{escape(alt_text)}">')
            self.text.append(alt_text)
        elif src := attributes.get("src"):
            self.has_images = True
            self.markup.append(f'<img src="{escape(src)}" alt="{escape(alt_text)}">')
        elif alt_text:
            self.handle_data(alt_text)

    def _drop_link(self) -> None:
        """Replace an empty link, as renderers add to headings, by an anchor with its id."""
        del self.markup[self._link_content - 1 :]
        if self._link_id:
            self.markup.append(f'<a id="{escape(self._link_id)}"></a>')

    def _finish_heading(self) -> None:
        text = _join_text(self.text[self._heading_position :]) or _join_text(self._heading_images)
        if text:
            self.headings.append(_Heading(text.replace("\n", " "), self._heading_position))
        self._open_heading = ""

    def _add_separator(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.text.append("\n")
        elif tag in _CELLS:
            self.text.append(" ")


def _join_text(pieces: list[str]) -> str:
    return normalize_lines("".join(pieces))
