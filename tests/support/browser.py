"""A real Chromium for tests, and checks of the pages in it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

_BROWSER_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)
_BROWSER_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_AXE_SCRIPT = Path(axe_playwright_python.__file__).with_name("axe.min.js")
# All default rules of axe, and one of WCAG 2.2 that is off by default.
ALL_RULES: dict[str, Any] = {"rules": {"target-size": {"enabled": True}}}
COLOR_RULES: dict[str, Any] = {"runOnly": ["color-contrast", "link-in-text-block"]}


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Yield a browser; skip the test if none is installed."""
    path = next((program for name in _BROWSER_PROGRAMS if (program := shutil.which(name))), None)
    if path is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_BROWSER_OPTIONS))
        try:
            yield browser
        finally:
            browser.close()


class BrowserSession:
    """A browser session on one site; records console errors and requests to other hosts."""

    def __init__(self, browser: Browser, base: str, **context: Any) -> None:
        self.base = base.rstrip("/")
        self.context = browser.new_context(base_url=base, **context)
        self.context.set_default_timeout(20_000)
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.external_urls: list[str] = []
        self.requested_urls: list[str] = []
        self.page.on("console", lambda message: self._record_message(message.type, message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.context.on("request", lambda request: self._record_request(request.url))

    def open_page(self, path: str) -> Page:
        self.page.goto(path)
        return self.page

    def find_violations(self, rules: dict[str, Any] = ALL_RULES) -> list[str]:
        """Return axe's violations on the page, each with its element."""
        self.page.evaluate(_AXE_SCRIPT.read_text("utf-8"))
        report = self.page.evaluate("options => axe.run(document, options)", rules)
        return [
            f"{violation['id']} ({violation['help']}): {node['html'][:200]}"
            for violation in report["violations"]
            for node in violation["nodes"]
        ]

    def overflows_horizontally(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))

    def _record_message(self, kind: str, text: str) -> None:
        # Browsers log the status of an error page as a failure to load.
        if kind in ("error", "warning") and "Failed to load resource" not in text:
            self.errors.append(text)

    def _record_request(self, url: str) -> None:
        self.requested_urls.append(url)
        if not url.startswith(f"{self.base}/") and urlsplit(url).scheme not in ("data", "about"):
            self.external_urls.append(url)
