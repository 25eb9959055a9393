"""A real Chromium, which reaches nothing but this machine, and what a page in it has to put up with."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
# All of axe's rules, and one of WCAG 2.2 that it leaves out unless it is asked.
EVERYTHING: dict[str, Any] = {"rules": {"target-size": {"enabled": True}}}
COLOURS: dict[str, Any] = {"runOnly": ["color-contrast", "link-in-text-block"]}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a browser; skips the test where there is none."""
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


class Reader:
    """Somebody who reads pages of one site: what the browser complains of, and where it asks elsewhere, is kept."""

    def __init__(self, browser: Browser, base: str, **context: Any) -> None:
        self.base = base.rstrip("/")
        self.context = browser.new_context(base_url=base, **context)
        self.context.set_default_timeout(20_000)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self._heard(message.type, message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.context.on("request", lambda request: self._asked(request.url))

    def go(self, path: str) -> Page:
        self.page.goto(path)
        return self.page

    def violations(self, rules: dict[str, Any] = EVERYTHING) -> list[str]:
        """Return what axe finds on the page, each with the element that it is about."""
        self.page.evaluate(_AXE.read_text("utf-8"))
        found = self.page.evaluate("options => axe.run(document, options)", rules)
        return [
            f"{each['id']} ({each['help']}): {node['html'][:200]}"
            for each in found["violations"]
            for node in each["nodes"]
        ]

    def is_wider_than_the_screen(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))

    def _heard(self, kind: str, text: str) -> None:
        # A page that tells of a failure is one that failed to load, to the browser.
        if kind in ("error", "warning") and "Failed to load resource" not in text:
            self.complaints.append(text)

    def _asked(self, url: str) -> None:
        self.asked.append(url)
        if not url.startswith(f"{self.base}/") and urlsplit(url).scheme not in ("data", "about"):
            self.elsewhere.append(url)
