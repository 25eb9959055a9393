"""Judges a whole page by what a browser under a strict policy, and whoever reads with other senses, need of it."""

from collections import Counter
from html.parser import HTMLParser
from urllib.parse import urlsplit

_VOID_TAGS = {"br", "hr", "img", "input", "link", "meta", "wbr", "col"}
# What has no end tag in SVG is closed where it begins.
_URL_ATTRIBUTES = {"script": "src", "img": "src", "link": "href", "form": "action", "use": "href"}
# Elements that may not stand in one of their own kind.
_NOT_NESTED = {"a", "form", "button", "label", "p", "main"}


def assert_valid_page(html: str) -> None:
    """Fail if a page is not well-formed, asks elsewhere for anything, runs or styles inline, or leads nowhere."""
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
            assert url.startswith("/"), f"<{tag}> leads to {url!r}"
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
