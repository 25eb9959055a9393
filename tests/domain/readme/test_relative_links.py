import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.readme.plain_text import Readme
from pyf.aggregator.domain.readme.relative_links import ReadmeBase, build_readme_base, resolve_relative_urls
from pyf.aggregator.domain.readme.rendering import render_readme
from support.html_checks import assert_safe_html

GITHUB = ReadmeBase(repository_url="https://github.com/acme/forms")


@pytest.mark.parametrize(
    ("relative", "base", "url"),
    [
        ("docs/a.md#b", GITHUB, "https://github.com/acme/forms/blob/HEAD/docs/a.md#b"),
        ("./a.md", GITHUB, "https://github.com/acme/forms/blob/HEAD/a.md"),
        ("docs/../a%20b.md", GITHUB, "https://github.com/acme/forms/blob/HEAD/a%20b.md"),
        ("a.md?raw=true", GITHUB, "https://github.com/acme/forms/blob/HEAD/a.md"),
        (
            "a.md",
            ReadmeBase(repository_url="https://github.com/acme/forms", ref="v1.0", folder="packages/forms"),
            "https://github.com/acme/forms/blob/v1.0/packages/forms/a.md",
        ),
        (
            "../../LICENSE",
            ReadmeBase(repository_url="https://github.com/acme/forms", folder="packages/forms"),
            "https://github.com/acme/forms/blob/HEAD/LICENSE",
        ),
        (
            "/LICENSE",
            ReadmeBase(repository_url="https://github.com/acme/forms", folder="packages/forms"),
            "https://github.com/acme/forms/blob/HEAD/LICENSE",
        ),
        ("a.md", ReadmeBase(repository_url="https://gitlab.com/a/b/c"), "https://gitlab.com/a/b/c/-/blob/HEAD/a.md"),
        ("../outside.md", GITHUB, ""),
        ("/", GITHUB, ""),
        ("a.md", ReadmeBase(repository_url="https://code.example/o/r"), ""),
    ],
)
def test_url_of_a_page_of_the_repository(relative: str, base: ReadmeBase, url: str) -> None:
    assert base.build_url(relative, is_file=False) == url


@pytest.mark.parametrize(
    ("tag", "version", "ref"),
    [
        ("v1.0", "1.0", "v1.0"),
        ("1.0", "1.0", "1.0"),
        ("forms-1.0", "1.0", "forms-1.0"),
        ("forms@1.0.0", "1.0", "forms@1.0.0"),
        ("packages/forms/v1.0", "1.0", "packages/forms/v1.0"),
        ("v1.10", "1.1", "HEAD"),
        ("v2.0", "1.0", "HEAD"),
        ("", "1.0", "HEAD"),
    ],
)
def test_tag_counts_if_it_names_the_version(tag: str, version: str, ref: str) -> None:
    assert build_readme_base("https://github.com/o/r", version=version, latest_tag=tag).ref == ref


def test_link_to_a_folder_says_where_the_package_is() -> None:
    links = ["https://docs.example", "https://github.com/O/R/tree/main/packages/forms/"]

    assert build_readme_base("https://github.com/o/r", version="1", links=links).folder == "packages/forms"


README = render_readme(
    Readme(text="[a](docs/a.md) [b](https://b.example) ![c](c.png) [![d](d.png)](../e)", content_type="text/markdown")
).html


def test_links_and_images_are_resolved() -> None:
    html = resolve_relative_urls(README, GITHUB)

    assert_safe_html(html)
    assert 'href="https://github.com/acme/forms/blob/HEAD/docs/a.md" rel="nofollow noopener ugc">a</a>' in html
    assert '<img src="https://github.com/acme/forms/raw/HEAD/c.png" alt="c">' in html
    assert " data-" not in html


def test_without_a_repository_they_are_plain_text() -> None:
    html = resolve_relative_urls(README, None)

    assert_safe_html(html)
    assert html == (
        '<p><a rel="nofollow noopener ugc">a</a> <a href="https://b.example" rel="nofollow noopener ugc">b</a> c '
        '<a rel="nofollow noopener ugc">d</a></p>\n'
    )


@given(st.text() | st.text("./a#?%&'\"<:@ ", max_size=40))
def test_any_path_gives_safe_html(path: str) -> None:
    html = render_readme(Readme(text=f"[a](<{path}>) ![b](<{path}>)", content_type="text/markdown")).html

    assert_safe_html(resolve_relative_urls(html, GITHUB))
    assert_safe_html(resolve_relative_urls(html, None))
