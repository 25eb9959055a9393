"""What the sanitizer would take away with an element: ticks, formulas, media, and relative URLs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.readme.markup import prepare_html
from pyf.aggregator.domain.readme.plain_text import Readme
from pyf.aggregator.domain.readme.rendering import render_readme
from support.html_checks import assert_safe_html, extract_text


def render(text: str, content_type: str = "text/markdown") -> str:
    html = render_readme(Readme(text=text, content_type=content_type)).html
    assert_safe_html(html)
    return html


def test_task_lists_keep_their_ticks() -> None:
    readme = render_readme(Readme(text="- [x] done\n- [ ] open\n- [X] also", content_type="text/markdown"))

    assert extract_text(readme.html).split("\n")[1:4] == ["☑ done", "☐ open", "☑ also"]
    assert readme.first_chapter == "☑ done\n☐ open\n☑ also"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<input type=checkbox checked> a <input disabled type='checkbox'> b", "☑ a ☐ b"),
        ("<input type=radio checked> a <INPUT TYPE=RADIO> b", "◉ a ○ b"),
        ('<input type="submit" value="Buy &amp; go"><input type=hidden value=secret>', "Buy & go"),
        ('<math alttext="a^2"><mi>a</mi></math>', "a^2"),
        ("<math><mi>a</mi><annotation encoding=tex>\\alpha</annotation></math>", "\\alpha"),
        ("<math><mi>a</mi><mo>+</mo><mi>b</mi></math>", "a+b"),
        ("<svg><title>Build passing</title><path d='x'/></svg>", "Build passing"),
        ('<svg aria-label="Stars"><text>1</text></svg>', "Stars"),
        ("<progress value=70 max=100></progress> of it", "70% of it"),
        ("<meter value='0.5'>half</meter>", "50%"),
        ("<progress>some</progress>", "some"),
        ("<noscript>Without scripts</noscript>", "Without scripts"),
    ],
)
def test_meaning_of_removed_elements_stays(html: str, text: str) -> None:
    assert extract_text(render(f"<p>{html}</p>")).strip() == text


@pytest.mark.parametrize(
    "html",
    [
        '<video src="https://x.example/demo.mp4" controls></video>',
        "<video controls><source src='https://x.example/demo.mp4'></video>",
        "<audio src=https://x.example/demo.mp4></audio>",
        '<iframe src="https://x.example/demo.mp4" title="Demo"></iframe>',
        '<object data="https://x.example/demo.mp4"></object>',
    ],
)
def test_embedded_media_become_links(html: str) -> None:
    assert '<a href="https://x.example/demo.mp4"' in render(f"Before\n\n{html}\n\nAfter")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//x.example/a", "a.mp4"])
def test_embedded_media_without_web_url_are_left_out(url: str) -> None:
    assert "<a" not in render(f'x <video src="{url}"></video>')


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("[a](docs/a.md#b)", 'data-href="docs/a.md#b"'),
        ("[a](/docs/a.md)", 'data-href="/docs/a.md"'),
        ("[a](../LICENSE)", 'data-href="../LICENSE"'),
        ("![a](./logo.png)", '<img data-src="./logo.png" alt="a">'),
        ("<img alt='a' src='logo.png' width=9>", '<img data-src="logo.png" alt="a">'),
    ],
)
def test_relative_urls_are_kept_apart(markdown: str, html: str) -> None:
    assert html in render(markdown)


@pytest.mark.parametrize("url", ["#anchor", "//host.example/x", "java%09script:alert(1)", "mailto:a@x.example", "?q=1"])
def test_other_urls_are_no_relative_ones(url: str) -> None:
    assert "data-" not in render(f"[a]({url})")


def test_rst_keeps_relative_urls() -> None:
    html = render("`a <docs/a.rst>`_\n\n.. image:: docs/logo.png\n   :alt: logo\n", "text/x-rst")

    assert 'data-href="docs/a.rst"' in html
    assert '<img data-src="docs/logo.png" alt="logo">' in html


def test_code_is_not_touched() -> None:
    code = '<input type="checkbox"> <video src="https://x.example/a"></video> <math>x</math>'

    assert extract_text(render(f"```\n{code}\n```")).strip() == code


@pytest.mark.parametrize(
    "piece", ["<a ", "<a '", "<math", "<svg>", "<input x=", "</math>", "&lt;iframe ", "<a href=x "]
)
def test_long_texts_take_no_time(piece: str) -> None:
    prepare_html(piece * (500_000 // len(piece)))


@given(st.text() | st.text("<>=\"'/ainputmhsvgchrefx&;:.İ", max_size=80))
def test_any_html_stays_safe(text: str) -> None:
    assert_safe_html(render_readme(Readme(text=text, content_type="text/markdown")).html)
