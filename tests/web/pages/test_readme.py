"""A README in its page: what is shown is safe, and in the right places."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile_readmes import HTML, TOKENS
from pyf.aggregator.domain.safe_html import sanitized
from pyf.aggregator.web.pages.readme import fitted
from pyf.aggregator.web.pages.readme_tree import flattened
from strict_html import text_of
from strict_page import assert_whole

PARTS = (
    *HTML,
    *(token for token in TOKENS if not re.search("[\ud800-\udfff]", token)),  # what is stored is UTF-8
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


def shown(html: str) -> str:
    """Return a page that consists of a README."""
    return (
        '<!DOCTYPE html><html><head><title>x</title></head><body><main><h1>x</h1><section id="readme">'
        f"{fitted(html)}</section></main></body></html>"
    )


@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
def test_whatever_a_readme_holds_its_page_is_whole(html: str) -> None:
    result = fitted(html)

    assert_whole(shown(html))
    assert "<img" not in result
    assert 'href="mailto:' not in result
    assert not re.search(r"[\w.]+@b\.example", result)
    levels = [3, *(int(level) for level in re.findall(r"<h([1-6])", result))]
    assert min(levels) >= 3
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))


@given(st.lists(st.sampled_from(PARTS), max_size=8).map("".join))
def test_what_is_fitted_is_safe(html: str) -> None:
    """Nothing that it adds would be taken away by the rules that made it safe, but classes and what helps to scroll."""
    added = r' (?:class="(?:picture|scroll)"|role="group"|tabindex="0"|aria-label="Table [0-9]+ of the README")'
    result = re.sub(added, "", fitted(html)).lstrip("\ufeff")

    # A parser takes the first newline of code for layout.
    assert text_of(sanitized(result)) == text_of(re.sub(r"(<pre[^>]*>)\n", r"\1", result))


@pytest.mark.parametrize(
    ("html", "fit"),
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
def test_what_is_changed(html: str, fit: str) -> None:
    assert fitted(html) == fit


def test_a_picture_is_a_link_with_its_text() -> None:
    link = '<a class="picture" href="https://a.example/p.png" rel="nofollow noopener ugc">'

    assert fitted('<img src="https://a.example/p.png" alt="A plot">') == f"{link}A plot</a> "
    assert fitted('<img src="https://a.example/p.png">') == f"{link}picture</a> "


def test_a_picture_in_a_link_is_the_links_text() -> None:
    html = '<a href="https://ci.example"><img src="https://ci.example/b.svg" alt="build"></a>'

    assert fitted(html) == '<a href="https://ci.example" rel="nofollow noopener ugc">build </a>'


def test_tables_can_be_scrolled_and_told_apart() -> None:
    result = fitted("<table><tr><th>a</th><th></th></tr></table><table><tr><td>b</td></tr></table>")

    assert result.count('class="scroll" role="group" tabindex="0"') == 2
    assert "Table 1 of the README" in result
    assert "Table 2 of the README" in result
    assert result.count("<th>") == 1


def test_a_readme_of_many_levels_is_shown() -> None:
    assert text_of(fitted("<blockquote>" * 5000 + "deep")) == "deep"


def test_a_readme_of_endless_levels_is_cut_flat_before_it_costs_time() -> None:
    html = "<div>" * 30_000 + "<b>deep</b><br>" + "</div>" * 30_000 + "<p>after</p>"

    flat = flattened(html)

    assert flat == "<div>" * 120 + "deep<br>" + "</div>" * 120 + "<p>after</p>"
    assert text_of(fitted(html)) == "deepafter"


@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
def test_a_readme_of_usual_levels_stays_as_it_is(html: str) -> None:
    assert flattened(sanitized(html)) == sanitized(html)
