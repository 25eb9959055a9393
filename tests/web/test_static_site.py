"""The site as files: the same for the same index, and complete."""

import json
import os
import posixpath
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from msgspec.structs import replace

from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.errors import Invalid, Unavailable
from pyf.aggregator.ports import Dependencies, SearchEngine
from pyf.aggregator.settings import load_settings
from pyf.aggregator.web.static_site import MANIFEST, BuildReport, build_static_site
from support.site_fixtures import build_small_site

LINK = re.compile(r'<[a-z][^<>]*\b(?:href|src|action)="([^"]*)"')


def build(deps: Dependencies, folder: Path, *keys: str) -> BuildReport:
    settings = load_settings(_env_file=None, web_url="https://packages.example.org")
    return build_static_site(deps, load_profiles(), settings, folder, keys)


def read_files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_equal_indexes_give_equal_files(tmp_path: Path) -> None:
    deps = build_small_site()
    first = build(deps, tmp_path / "a")
    later = build(replace(deps, now=lambda: deps.now() + 1_000_000), tmp_path / "b")

    assert first.files == first.changed == later.files > 20
    assert read_files(tmp_path / "a") == read_files(tmp_path / "b")
    assert build(deps, tmp_path / "a").changed == 0


def test_every_internal_link_names_a_file(tmp_path: Path) -> None:
    report = build(build_small_site(), tmp_path)

    files = read_files(tmp_path).keys()
    links = 0
    for path in files:
        if path.endswith(".html"):
            for link in LINK.findall((tmp_path / path).read_text("utf-8")):
                parts = urlsplit(link)
                if not parts.scheme and parts.path:
                    links += 1
                    assert posixpath.normpath(posixpath.join(posixpath.dirname(path), parts.path)) in files, (
                        path,
                        link,
                    )
    assert links > 100
    assert report.broken_links == ()


def test_links_to_parts_of_pages_name_an_id(tmp_path: Path) -> None:
    build(build_small_site(), tmp_path)

    pages = {path: content.decode() for path, content in read_files(tmp_path).items() if path.endswith(".html")}
    ids = {path: set(re.findall(r'\bid="([^"]+)"', page)) for path, page in pages.items()}
    links = [
        (path, posixpath.normpath(posixpath.join(posixpath.dirname(path), parts.path)) if parts.path else path, parts)
        for path, page in pages.items()
        for parts in map(urlsplit, LINK.findall(page))
        if parts.fragment and not parts.scheme
    ]
    assert links
    assert [(path, parts) for path, target, parts in links if parts.fragment not in ids[target]] == []


def test_absolute_urls_name_files(tmp_path: Path) -> None:
    """Feeds and texts to copy name the site by its URL, which may have a path."""
    settings = load_settings(_env_file=None, web_url="https://packages.example.org/index/")
    build_static_site(build_small_site(), load_profiles(), settings, tmp_path)

    files = read_files(tmp_path)
    pages = [content.decode() for path, content in files.items() if path.endswith((".html", ".atom"))]
    urls = {url for page in pages for url in re.findall(r"https://packages\.example\.org/index/([^\s\"'<>()&]*)", page)}
    assert len(urls) > 20
    badges = {url for url in urls if "/NAME/" in url}
    assert "badge/plone/NAME/ready-plone-6.1.svg" in badges
    urls = {url.replace("NAME", "plone-api") for url in urls}
    assert [url for url in urls if url not in files and f"{url}index.html" not in files] == []
    assert b"Plone 6.1: unknown" in files["badge/plone/plone-api/ready-plone-6.1.svg"]


def test_guide_for_language_models_names_what_the_files_have(tmp_path: Path) -> None:
    build(build_small_site(), tmp_path)

    guide = (tmp_path / "llms.txt").read_text("utf-8")
    assert "(https://packages.example.org/in/plone/): " in guide
    assert "new.atom" in guide
    assert all(absent not in guide for absent in ("/api/", "/mcp", "ready.atom"))


def test_files_do_not_depend_on_the_order_of_hashes(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from web.test_static_site import build; "
        "from support.site_fixtures import build_small_site; build(build_small_site(), Path(sys.argv[1]))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": str(Path(__file__).parents[1])}
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "seeded")], env=environment, check=True, timeout=60)
    build(build_small_site(), tmp_path / "random")

    assert read_files(tmp_path / "seeded") == read_files(tmp_path / "random")


def test_pages_have_no_form_that_needs_a_server(tmp_path: Path) -> None:
    build(build_small_site(), tmp_path)

    pages = [content.decode() for path, content in read_files(tmp_path).items() if path.endswith(".html")]
    forms = {form for page in pages for form in re.findall(r"<form[^>]*>", page)}
    assert forms
    assert all('role="search"' in form and "compare" not in form for form in forms)
    assert not any("data-suggest" in page for page in pages)


def test_hidden_and_quarantined_packages_have_no_files(tmp_path: Path) -> None:
    build(build_small_site(), tmp_path)

    assert not any("plone-evil" in path for path in read_files(tmp_path))
    assert "plone.evil" not in (tmp_path / "in/plone/packages.js").read_text("utf-8")


def test_removed_package_loses_its_files_and_other_files_stay(tmp_path: Path) -> None:
    deps = build_small_site()
    build(deps, tmp_path)
    (tmp_path / "CNAME").write_text("packages.example.org")
    deps.index.remove("plone", [Tombstone(name="plone-rest", removed_at=1, reason="gone")])

    report = build(deps, tmp_path)

    files = read_files(tmp_path)
    assert report.removed == 1 + 4 + 8  # its page, its badges, and those of releases
    assert not any("plone-rest" in path for path in files)
    assert "CNAME" in files


class FailingSearch:
    """A search that fails on the first page of a package."""

    def __init__(self, search: SearchEngine) -> None:
        self._search = search

    def __getattr__(self, name: str) -> Any:
        if name == "find_dependents":
            raise Unavailable("the search is down")
        return getattr(self._search, name)


def test_build_continues_one_that_has_failed(tmp_path: Path) -> None:
    deps = build_small_site()
    failing = replace(deps, search=FailingSearch(deps.search))
    with pytest.raises(Invalid):
        build(failing, tmp_path)
    assert len(read_files(tmp_path)) > 1

    report = build(deps, tmp_path)

    assert read_files(tmp_path).keys() == set(json.loads((tmp_path / MANIFEST).read_text()))
    assert len(read_files(tmp_path)) == report.files


def test_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(Invalid, match="is not empty, and no earlier build has made it"):
        build(build_small_site(), tmp_path)

    assert read_files(tmp_path) == {"thesis.txt": b"years of work"}


def test_manifest_with_files_outside_of_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / MANIFEST).write_text(json.dumps(["index.html", "../thesis.txt"]))

    with pytest.raises(Invalid, match="names files outside of its folder"):
        build(build_small_site(), folder)

    assert (tmp_path / "thesis.txt").exists()


def test_unknown_collection_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="there is no collection nope"):
        build(build_small_site(), tmp_path, "nope")

    assert not (tmp_path / MANIFEST).exists()
