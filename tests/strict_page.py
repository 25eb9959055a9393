"""Judges a whole page by what a browser under a strict policy, and whoever reads with other senses, need of it."""

from collections import Counter
from html.parser import HTMLParser
from urllib.parse import urlsplit

_VOID = {"br", "hr", "img", "input", "link", "meta", "wbr", "col"}
# What has no end tag in SVG is closed where it begins.
_LOADED = {"script": "src", "img": "src", "link": "href", "form": "action", "use": "href"}
# Elements that may not stand in one of their own kind.
_ALONE = {"a", "form", "button", "label", "p", "main"}


def assert_whole(html: str) -> None:
    """Fail if a page is not well-formed, asks elsewhere for anything, runs or styles inline, or leads nowhere."""
    assert html.startswith("<!DOCTYPE html>")
    judge = _Judge()
    judge.feed(html)
    judge.close()
    assert not judge.open, f"not closed: {judge.open}"
    assert [name for name, number in Counter(judge.ids).items() if number > 1] == [], "an id twice"
    assert judge.leads_to - set(judge.ids) == set(), "links to places that there are not"
    assert judge.named_by - set(judge.ids) == set(), "labels that there are not"
    assert judge.elements["main"] == judge.elements["h1"] == judge.elements["title"] == 1


class _Judge(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.leads_to: set[str] = set()
        self.named_by: set[str] = set()
        self.elements: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert len(given) == len(attrs), f"an attribute twice in <{tag}>"
        assert not any(name == "style" or name.startswith("on") for name in given), f"inline: {attrs}"
        assert tag not in {"style", "iframe", "object", "embed", "base"}, tag
        assert tag not in _ALONE or tag not in self.open, f"<{tag}> in another one"
        if tag in _LOADED and given.get("rel") != "alternate":
            address = given.get(_LOADED[tag], "")
            assert address.startswith("/"), f"<{tag}> leads to {address!r}"
            assert not address.startswith("//")
        if "href" in given:
            self._lead(given["href"])
        if "id" in given:
            self.ids.append(given["id"])
        for name in ("aria-labelledby", "for", "form", "aria-controls"):
            self.named_by |= set(given.get(name, "").split())
        self.elements[f"{tag} of a drawing" if "svg" in self.open else tag] += 1
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> without a start"
        assert self.open[-1] == tag, f"</{tag}> across <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        assert not self.open or self.open[-1] != "script" or not data.strip(), "an inline script"

    def _lead(self, address: str) -> None:
        if address.startswith("#") and not address.startswith("#user-content-"):
            self.leads_to.add(address[1:])
        assert urlsplit(address).scheme in ("", "http", "https"), address
