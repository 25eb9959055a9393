"""Take the pictures of the README: pages of the sample ecosystem, as a browser shows them on this machine.

`python docs/screenshots.py` needs Chromium and reads the sample services only. The fonts are those of the machine.
"""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console

from pyf.aggregator.cli.actions.demo_history import add_sample_months
from pyf.aggregator.cli.actions.demo_servers import DemoRunner, run_sandbox_servers, serve_pages
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.load import load_sample_documents

IMAGES = Path(__file__).parent / "images"
LAPTOP, PHONE = (1100, 720), (390, 780)
PROFILES = ("plone", "django", "flask", "fastapi")

# What is shown, on which screen, and whether in the dark.
PICTURES = {
    "list": ("/in/django/search?q=rest&sort=downloads", LAPTOP, "light"),
    "project": ("/in/django/project/djangorestframework", LAPTOP, "dark"),
    "start": ("/in/plone", LAPTOP, "light"),
    "compare": ("/in/plone/compare?name=plone-api&name=plone-restapi&name=collective-easyform", LAPTOP, "dark"),
    "readiness": ("/in/django/readiness?to=Django+6.0", LAPTOP, "light"),
    "phone": ("/in/flask/search?health=excellent", PHONE, "light"),
    "phone-health": ("/in/flask/project/flask-wtf#health", PHONE, "dark"),
}
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking"]


def main() -> None:
    """Fill an index with the sample, serve it, and take the pictures."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is needed")
    with (
        run_sandbox_servers(FakeRegistry(load_sample_documents()), port=0, latency=0) as settings,
        TemporaryDirectory(prefix="pyf-screenshots-") as folder,
    ):
        runner = DemoRunner(Path(folder), settings, Console(stderr=True))
        for profile in PROFILES:
            runner.run("fetch", "-p", profile)
            runner.run("repositories", "-p", profile)
            runner.run("downloads", "-p", profile, "--source", "clickhouse")
        add_sample_months(runner.environment["SQLITE_PATH"])
        with serve_pages(runner.folder, runner.environment) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
            for name in PICTURES:
                _take(browser, address, name)
            browser.close()


def _take(browser: Browser, address: str, name: str) -> None:
    path, (width, height), scheme = PICTURES[name]
    context = browser.new_context(
        base_url=address,
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.goto(path)
    page.screenshot(path=IMAGES / f"{name}.png")
    context.close()


if __name__ == "__main__":
    main()
