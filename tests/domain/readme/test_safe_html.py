"""Sanitized HTML contains nothing that a browser executes or loads."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyf.aggregator.domain.readme.plain_text import Readme
from pyf.aggregator.domain.readme.rendering import render_readme
from pyf.aggregator.domain.readme.safe_html import sanitize_html
from support.html_checks import assert_safe_html, extract_text
from support.readmes import HOSTILE_HTML, HOSTILE_MARKDOWN, HOSTILE_RST, HOSTILE_TOKENS

CONTENT_TYPES = ("text/markdown", "text/markdown; variant=CommonMark", "text/x-rst", "text/plain", "")


@pytest.mark.parametrize("text", HOSTILE_MARKDOWN)
@pytest.mark.parametrize("variant", ["GFM", "CommonMark"])
def test_markdown_cannot_attack(text: str, variant: str) -> None:
    readme = Readme(text=text, content_type=f"text/markdown; variant={variant}", summary=text)

    assert_safe_html(render_readme(readme).html)


@pytest.mark.parametrize("text", [*HOSTILE_RST, *HOSTILE_HTML])
def test_rst_output_is_safe(text: str) -> None:
    assert_safe_html(render_readme(Readme(text=text, content_type="text/x-rst", summary=text)).html)


@pytest.mark.parametrize("text", HOSTILE_HTML)
def test_plain_text_cannot_attack(text: str) -> None:
    html = render_readme(Readme(text=text, content_type="text/plain")).html

    assert_safe_html(html)
    assert html.count("<") == 2


@settings(max_examples=100)
@given(st.lists(st.sampled_from(HOSTILE_TOKENS), max_size=30).map("".join), st.sampled_from(CONTENT_TYPES))
def test_hostile_mixtures_are_safe(text: str, content_type: str) -> None:
    assert_safe_html(render_readme(Readme(text=text, content_type=content_type, summary=text)).html)


@settings(max_examples=100)
@given(st.lists(st.sampled_from(HOSTILE_TOKENS), max_size=30).map("".join))
def test_escaped_text_survives_second_parse(text: str) -> None:
    once = sanitize_html(text.replace("\ud800", ""))

    assert sorted("".join(extract_text(sanitize_html(once)).split())) == sorted("".join(extract_text(once).split()))


@pytest.mark.parametrize(
    ("content_type", "text", "html"),
    [
        ("text/markdown", "`<b>` and &lt;i&gt;", "<p><code>&lt;b&gt;</code> and &lt;i&gt;</p>"),
        ("text/markdown", "# Using &lt;script&gt;", ">Using &lt;script&gt;</h2>"),
        ("text/x-rst", "``<b>`` and <i> and &lt;i&gt;", "<code>&lt;b&gt;</code> and &lt;i&gt; and &amp;lt;i&amp;gt;"),
        ("text/x-rst", "Using <script>\n==============\n", "<h2>Using &lt;script&gt;</h2>"),
        ("text/plain", "<b> &lt;i&gt;", "<pre>&lt;b&gt; &amp;lt;i&amp;gt;</pre>"),
    ],
)
def test_escaped_markup_stays_text(content_type: str, text: str, html: str) -> None:
    made = render_readme(Readme(text=text, content_type=content_type))

    assert html in made.html


def test_links_into_the_same_readme_meet_their_target() -> None:
    text = "[to the end](#the-end) [up](#top)\n\n<a id='top'></a>\n\n# The end\n"

    html = render_readme(Readme(text=text, content_type="text/markdown")).html

    assert 'href="#user-content-the-end"' in html
    assert 'id="user-content-the-end"' in html
    assert 'href="#user-content-top"' in html
    assert 'id="user-content-top"' in html


@pytest.mark.parametrize(
    "address",
    ["https://x.example/a?b=1&c=2#d", "http://x.example", "HTTPS://x.example/ü", "mailto:x@x.example?subject=a%20b"],
)
def test_ordinary_links_are_unchanged(address: str) -> None:
    html = sanitize_html(f'<a href="{address.replace("&", "&amp;")}">x</a>')

    assert html == f'<a href="{address.replace("&", "&amp;")}" rel="nofollow noopener ugc">x</a>'


def test_image_keeps_url_and_text_only() -> None:
    html = sanitize_html('<img src="https://x.example/a.png" alt="a" width="1" class="b" srcset="c" loading="eager">')

    assert html == '<img src="https://x.example/a.png" alt="a">'


def test_relative_image_keeps_its_path_for_the_reader() -> None:
    made = render_readme(Readme(text="before ![a chart of x<y](docs/chart.png) after", content_type="text/markdown"))

    assert made.html == '<p>before <img data-src="docs/chart.png" alt="a chart of x&lt;y"> after</p>\n'
    assert made.first_chapter == "before a chart of x<y after"


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<p onclick='x'>x</p>",
        '<p class="x">x</p>',
        '<p id="x">x</p>',
        '<a href="javascript:alert(1)" rel="nofollow noopener ugc">x</a>',
        '<a href="/x" rel="nofollow noopener ugc">x</a>',
        '<a href="https://x.example/">x</a>',
        '<img src="data:image/png,x" alt="">',
        "<h1>x</h1>",
        "<p><b>x</p></b>",
        "<p>x",
        "a < b",
        "<!-- x -->",
        '<p title="<b>">x</p>',
    ],
)
def test_these_tests_know_what_is_not_safe(html: str) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        assert_safe_html(html)
