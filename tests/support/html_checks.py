"""Checks of HTML against a list of allowed content, independent of the code under test.

Checks whole pages for the content security policy and for accessible structure.
"""

import re
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

_PLAIN_ELEMENTS = """
    h2 h3 h4 h5 h6 p div blockquote pre hr br wbr ul dl dt dd summary figure figcaption table caption colgroup col
    thead tbody tfoot tr b cite code del dfn em i ins kbd mark q s samp small strike strong sub sup tt u var
"""
ALLOWED_ELEMENTS: dict[str, set[str]] = {name: set() for name in _PLAIN_ELEMENTS.split()} | {
    "a": {"data-href", "href", "rel", "title"},
    "abbr": {"title"},
    "acronym": {"title"},
    "details": {"open"},
    "img": {"alt", "data-src", "src"},
    "li": {"value"},
    "ol": {"reversed", "start", "type"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan"},
}
_VOID_ELEMENTS = {"br", "col", "hr", "img", "wbr"}

# Text without "<", and tags that all parsers read alike.
_MARKUP_PATTERN = re.compile(r'(?:[^<>]|<[a-z][a-z0-9]*(?: [a-z-]+="[^"<>]*")*>|</[a-z][a-z0-9]*>)*')

_URL_PATTERN = re.compile(
    r"(?:https?://|mailto:)[!-~\u0080-\U0010ffff][^\x00-\x1f\x7f]*|#user-content-\S+", re.IGNORECASE
)
_ATTRIBUTE_PATTERNS = {
    "href": _URL_PATTERN,
    "src": re.compile(r"https?://[!-~\u0080-\U0010ffff][^\x00-\x1f\x7f]*", re.IGNORECASE),
    "id": re.compile(r"user-content-\S+"),
    "rel": re.compile("nofollow noopener ugc"),
    "align": re.compile("left|center|right"),
    "colspan": re.compile("[0-9]{1,4}"),
    "rowspan": re.compile("[0-9]{1,4}"),
    "start": re.compile("[0-9]{1,4}"),
    "value": re.compile("[0-9]{1,4}"),
    "type": re.compile("[1aAiI]"),
    "reversed": re.compile(""),
    # Paths within the repository, which only a reader of the document knows.
    "data-href": re.compile(r"(?!//|[#?])[^:\s\x00-\x1f\x7f<>\\]+(?:[/?#][^\s\x00-\x1f\x7f<>\\]*)?"),
    "data-src": re.compile(r"(?!//|[#?])[^:\s\x00-\x1f\x7f<>\\]+(?:[/?#][^\s\x00-\x1f\x7f<>\\]*)?"),
    "open": re.compile(""),
}


def assert_safe_html(html: str) -> None:
    """Fail if the HTML is not well-formed or contains anything that is not allowed."""
    assert _MARKUP_PATTERN.fullmatch(html), f"not plain tags and text: {html!r}"
    checker = _SafetyChecker(html)
    checker.feed(html)
    checker.close()
    assert not checker.open, f"not closed: {checker.open} in {html!r}"


def extract_text(html: str) -> str:
    """Return the text of HTML."""
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
            assert name not in _ATTRIBUTE_PATTERNS or _ATTRIBUTE_PATTERNS[name].fullmatch(value or ""), (
                f"{name}={value!r} in {self._html!r}"
            )
        if tag == "img":
            names = dict(attrs).keys()
            assert "alt" in names, f"an image without text in {self._html!r}"
            assert names & {"src", "data-src"}, f"an image without URL in {self._html!r}"
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


_VOID_TAGS = {"br", "hr", "img", "input", "link", "meta", "wbr", "col"}
# SVG elements without content close themselves.
_URL_ATTRIBUTES = {"script": "src", "img": "src", "link": "href", "form": "action", "use": "href"}
# Elements that may not be nested in themselves.
_NOT_NESTED = {"a", "form", "button", "label", "p", "main"}


def assert_valid_page(html: str) -> None:
    """Fail if a page is not well-formed, uses external resources or inline code, or has broken links."""
    assert html.startswith("<!DOCTYPE html>")
    checker = _PageChecker()
    checker.feed(html)
    checker.close()
    assert not checker.open, f"not closed: {checker.open}"
    assert [name for name, number in Counter(checker.ids).items() if number > 1] == [], "an id twice"
    assert checker.fragment_targets - set(checker.ids) == set(), "links to places that there are not"
    assert checker.label_targets - set(checker.ids) == set(), "labels that there are not"
    assert checker.elements["main"] == checker.elements["h1"] == checker.elements["title"] == 1


class _PageChecker(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.fragment_targets: set[str] = set()
        self.label_targets: set[str] = set()
        self.elements: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        assert len(attributes) == len(attrs), f"an attribute twice in <{tag}>"
        assert not any(name == "style" or name.startswith("on") for name in attributes), f"inline: {attrs}"
        assert tag not in {"style", "iframe", "object", "embed", "base"}, tag
        assert tag not in _NOT_NESTED or tag not in self.open, f"<{tag}> in another one"
        if tag in _URL_ATTRIBUTES and attributes.get("rel") != "alternate":
            url = attributes.get(_URL_ATTRIBUTES[tag], "")
            assert url.startswith("/"), f"<{tag}> points to {url!r}"
            assert not url.startswith("//")
        if "href" in attributes:
            self._check_link(attributes["href"])
        if "id" in attributes:
            self.ids.append(attributes["id"])
        for name in ("aria-labelledby", "for", "form", "aria-controls"):
            self.label_targets |= set(attributes.get(name, "").split())
        self.elements[f"{tag} of a drawing" if "svg" in self.open else tag] += 1
        if tag not in _VOID_TAGS:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID_TAGS:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> without a start"
        assert self.open[-1] == tag, f"</{tag}> across <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        assert not self.open or self.open[-1] != "script" or not data.strip(), "an inline script"

    def _check_link(self, url: str) -> None:
        if url.startswith("#") and not url.startswith("#user-content-"):
            self.fragment_targets.add(url[1:])
        assert urlsplit(url).scheme in ("", "http", "https"), url
