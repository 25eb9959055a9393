"""Rendering of READMEs: safety, structure and accessibility."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.readme.safe_html import sanitize_html
from pyf.aggregator.web.pages.readme import limit_depth, render_readme
from support.html_checks import assert_valid_page, extract_text
from support.readmes import HOSTILE_HTML, HOSTILE_TOKENS

FRAGMENTS = (
    *HOSTILE_HTML,
    *(token for token in HOSTILE_TOKENS if not re.search("[\ud800-\udfff]", token)),  # stored text is UTF-8
    *(
        "<h2>",
        "</h2>",
        "<h5>x",
        "<ul><p>y</p>",
        "<li>z",
        "<dl>x",
        "<dt>a",
        "<table><tr><th>",
        "<td>b",
        "<pre>",
        "</pre>",
    ),
    *(
        "<a href='https://a.example'>",
        "</a>",
        "<a href='mailto:a@b.example'>a@b.example</a>",
        "<details>d",
        "<summary>",
    ),
    *("<img src='https://a.example/p.png'>", "<img src='https://a.example/p.png' alt='P'>", "<blockquote>", "x" * 50),
)


def wrap_in_page(html: str) -> str:
    """Wrap a README in a minimal page."""
    return (
        '<!DOCTYPE html><html><head><title>x</title></head><body><main><h1>x</h1><section id="readme">'
        f"{render_readme(html)}</section></main></body></html>"
    )


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join))
def test_render_readme_always_yields_valid_html(html: str) -> None:
    result = render_readme(html)

    assert_valid_page(wrap_in_page(html))
    assert "<img" not in result
    assert 'href="mailto:' not in result
    assert not re.search(r"[\w.]+@b\.example", result)
    levels = [3, *(int(level) for level in re.findall(r"<h([1-6])", result))]
    assert min(levels) >= 3
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join))
def test_render_readme_output_is_safe(html: str) -> None:
    """The output passes the sanitizer unchanged, except for classes and attributes for scrolling."""
    added = r' (?:class="(?:image|scroll)"|role="group"|tabindex="0"|aria-label="Table [0-9]+ of the README")'
    result = re.sub(added, "", render_readme(html)).lstrip("\ufeff")

    # HTML parsers drop the first newline of a pre element.
    assert extract_text(sanitize_html(result)) == extract_text(re.sub(r"(<pre[^>]*>)\n", r"\1", result))


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h2>a</h2><h3>b</h3>", "<h3>a</h3><h4>b</h4>"),
        ("<h3>a</h3><h6>b</h6><h3>c</h3>", "<h3>a</h3><h4>b</h4><h3>c</h3>"),
        ("<h2></h2>", ""),
        ("<h2 id=x>a</h2><p id=x>b</p>", '<h3 id="user-content-x">a</h3><p>b</p>'),
        ("<a href='mailto:a@b.example'>write</a>", "<span>write</span>"),
        ("<ul><p>a</p><li>b</li></ul>", "<ul><li><p>a</p></li><li>b</li></ul>"),
        ("<li>a</li>", "<div>a</div>"),
        ("<details>a</details>", "<details><summary>Details</summary>a</details>"),
        ("<pre>short</pre>", "<pre>short</pre>"),
        (f"<pre>{'x' * 80}</pre>", f'<pre tabindex="0">{"x" * 80}</pre>'),
        ("<p>git@github.com:a/b.git</p>", "<p>git@github.com:a/b.git</p>"),
    ],
)
def test_render_readme_transformations(html: str, expected: str) -> None:
    assert render_readme(html) == expected


def test_image_becomes_link_with_alt_text() -> None:
    link = '<a class="image" href="https://a.example/p.png" rel="nofollow noopener ugc">'

    assert render_readme('<img src="https://a.example/p.png" alt="A plot">') == f"{link}A plot</a> "
    assert render_readme('<img src="https://a.example/p.png">') == f"{link}image</a> "


def test_image_in_link_becomes_alt_text() -> None:
    html = '<a href="https://ci.example"><img src="https://ci.example/b.svg" alt="build"></a>'

    assert render_readme(html) == '<a href="https://ci.example" rel="nofollow noopener ugc">build </a>'


def test_tables_are_scrollable_and_labeled() -> None:
    result = render_readme("<table><tr><th>a</th><th></th></tr></table><table><tr><td>b</td></tr></table>")

    assert result.count('class="scroll" role="group" tabindex="0"') == 2
    assert "Table 1 of the README" in result
    assert "Table 2 of the README" in result
    assert result.count("<th>") == 1


def test_deeply_nested_readme_is_rendered() -> None:
    assert extract_text(render_readme("<blockquote>" * 5000 + "deep")) == "deep"


def test_limit_depth_flattens_deep_html() -> None:
    html = "<div>" * 30_000 + "<b>deep</b><br>" + "</div>" * 30_000 + "<p>after</p>"

    flat = limit_depth(html)

    assert flat == "<div>" * 120 + "deep<br>" + "</div>" * 120 + "<p>after</p>"
    assert extract_text(render_readme(html)) == "deepafter"


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join))
def test_limit_depth_keeps_normal_html(html: str) -> None:
    assert limit_depth(sanitize_html(html)) == sanitize_html(html)


BADGE = "https://img.shields.io/pypi/v/x.svg"
LINKED_BADGE = f'<a href="https://ci.example/x"><img src="{BADGE}" alt="PyPI"></a>'
PICTURE = '<img src="https://x.example/screen.png" alt="Screen">'


@pytest.mark.parametrize(
    "html",
    [
        f"<p>{LINKED_BADGE}</p>",
        f'<p><img src="{BADGE}" alt="PyPI"> | {LINKED_BADGE}<br>\n{LINKED_BADGE}</p>',
        f'<div><p><a href="https://ci.example/x"><img src="https://ci.example/x.svg"></a>{LINKED_BADGE}</p></div>',
        f"<ul><li>{LINKED_BADGE}</li><li>{LINKED_BADGE}</li></ul>",
        f"<table><tbody><tr><td>{LINKED_BADGE}</td><td>{LINKED_BADGE}</td></tr></tbody></table>",
        '<p><img src="https://github.com/o/r/actions/workflows/tests.yml/badge.svg" alt="tests"></p>',
        '<p><img src="https://readthedocs.org/projects/x/badge/?version=latest" alt="docs"></p>',
        '<p><img src="https://badge.fury.io/py/x.svg" alt="v"></p>',
        '<p><img src="https://codecov.io/gh/o/r/graph/badge.svg" alt="coverage"></p>',
    ],
)
def test_paragraph_of_badges_is_left_out(html: str) -> None:
    assert render_readme(f"{html}<p>Text</p>") == "<p>Text</p>"


def test_badge_in_a_text_is_left_out() -> None:
    assert render_readme(f"<p>Forms {LINKED_BADGE} for Plone</p>") == "<p>Forms  for Plone</p>"
    assert extract_text(render_readme(f"<h2>Forms {LINKED_BADGE}</h2>")) == "Forms "


@pytest.mark.parametrize("html", [f"<p>{PICTURE}</p>", f"<p>{PICTURE}{LINKED_BADGE}</p>"])
def test_other_images_stay_as_quiet_links(html: str) -> None:
    link = '<a class="image" href="https://x.example/screen.png" rel="nofollow noopener ugc">Screen</a>'

    assert render_readme(html) == f"<p>{link} </p>"


def test_cell_of_a_table_stays_without_its_badge() -> None:
    html = f"<table><tbody><tr><td>{LINKED_BADGE}</td><td>stable</td></tr></tbody></table>"

    assert "<td></td><td>stable</td>" in render_readme(html)


def test_numbers_of_lists_stay() -> None:
    html = '<ol start="3" reversed="" type="a"><li value="9">x</li></ol>'

    assert render_readme(html) == html
