"""Judges HTML by what may be in it, independently of the code that makes it."""

import re
from html.parser import HTMLParser

import pytest

_PLAIN_ELEMENTS = """
    h2 h3 h4 h5 h6 p div blockquote pre hr br wbr ul li dl dt dd summary figure figcaption table caption colgroup col
    thead tbody tfoot tr b cite code del dfn em i ins kbd mark q s samp small strike strong sub sup tt u var
"""
ALLOWED_ELEMENTS: dict[str, set[str]] = {name: set() for name in _PLAIN_ELEMENTS.split()} | {
    "a": {"href", "rel", "title"},
    "abbr": {"title"},
    "acronym": {"title"},
    "details": {"open"},
    "img": {"alt", "src"},
    "ol": {"start"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan"},
}
_VOID_ELEMENTS = {"br", "col", "hr", "img", "wbr"}

# Text without a "<", and tags without anything that two parsers could read in two ways.
_MARKUP_PATTERN = re.compile(r'(?:[^<>]|<[a-z][a-z0-9]*(?: [a-z]+="[^"<>]*")*>|</[a-z][a-z0-9]*>)*')

_URL_PATTERN = re.compile(r"(?:https?://|mailto:)[!-~\u0080-\U0010ffff][^\x00-\x1f\x7f]*|#user-content-\S+", re.IGNORECASE)
_ATTRIBUTE_PATTERNS = {
    "href": _URL_PATTERN,
    "src": re.compile(r"https?://[!-~\u0080-\U0010ffff][^\x00-\x1f\x7f]*", re.IGNORECASE),
    "id": re.compile(r"user-content-\S+"),
    "rel": re.compile("nofollow noopener ugc"),
    "align": re.compile("left|center|right"),
    "colspan": re.compile("[0-9]{1,4}"),
    "rowspan": re.compile("[0-9]{1,4}"),
    "start": re.compile("[0-9]{1,4}"),
    "open": re.compile(""),
}


def assert_safe_html(html: str) -> None:
    """Fail if there is anything in the HTML that is not known to be harmless, or that is not well-formed."""
    assert _MARKUP_PATTERN.fullmatch(html), f"not plain tags and text: {html!r}"
    checker = _SafetyChecker(html)
    checker.feed(html)
    checker.close()
    assert not checker.open, f"not closed: {checker.open} in {html!r}"


def extract_text(html: str) -> str:
    """Return the HTML's text without its elements."""
    reader = _TextParser()
    reader.feed(html)
    reader.close()
    return "".join(reader.text)


class _TextParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []

    def handle_data(self, data: str) -> None:
        self.text.append(data)


class _SafetyChecker(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self._html = html
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED_ELEMENTS, f"<{tag}> in {self._html!r}"
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in {self._html!r}"
        for name, value in attrs:
            assert name in {"id", *ALLOWED_ELEMENTS[tag]}, f"<{tag} {name}> in {self._html!r}"
            assert name not in _ATTRIBUTE_PATTERNS or _ATTRIBUTE_PATTERNS[name].fullmatch(value or ""), f"{name}={value!r} in {self._html!r}"
        if tag == "img":
            assert {"alt", "src"} <= dict(attrs).keys(), f"an image without address or text in {self._html!r}"
        if tag == "a":
            assert dict(attrs).get("rel"), f"a link without rel in {self._html!r}"
        if tag not in _VOID_ELEMENTS:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> without a start in {self._html!r}"
        assert self.open.pop() == tag, f"</{tag}> across another element in {self._html!r}"

    def handle_comment(self, data: str) -> None:
        pytest.fail(f"a comment in {self._html!r}")

    def handle_decl(self, decl: str) -> None:
        pytest.fail(f"a declaration in {self._html!r}")

    def handle_pi(self, data: str) -> None:
        pytest.fail(f"a processing instruction in {self._html!r}")

    def unknown_decl(self, data: str) -> None:
        pytest.fail(f"an unknown declaration in {self._html!r}")
