"""Headings of a README are moved down, and its text is split at them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType

from pyf.aggregator.domain.readme.safe_html import sanitize_keeping_groups
from pyf.aggregator.domain.readme.sections import MAX_DEPTH, NestingTooDeep, ReadmeSections, split_sections
from support.html_checks import extract_text


def parse_sections(html: str, summary: str = "") -> ReadmeSections:
    return split_sections(sanitize_keeping_groups(html), summary)


README = """
<h1>The <em>title</em></h1><p>What it
  is.</p>
<h2>Usage</h2><p>Run</p><pre>first   line
  second</pre><ul><li>one</li><li>two<br>three</li></ul>
<h2>Changelog</h2><h3>1.0</h3><p>All of it.</p>
<h2>Licence</h2><p>MIT</p>
"""


def test_readme_is_split_at_second_heading_and_changelog() -> None:
    parts = parse_sections(README, "A summary.")

    assert parts.title == "The title"
    assert parts.first_chapter == "A summary.\nThe title\nWhat it is."
    assert parts.main_content == "Usage\nRun\nfirst line\nsecond\none\ntwo\nthree"
    assert parts.changelog == "Changelog\n1.0\nAll of it.\nLicence\nMIT"


def test_without_headings_all_is_the_first_chapter() -> None:
    parts = parse_sections("<p>one</p><p>two</p>", "Summary")

    assert parts.first_chapter == "Summary\none\ntwo"
    assert (parts.title, parts.main_content, parts.changelog) == (UNSET, UNSET, UNSET)


def test_changelog_can_follow_title() -> None:
    parts = parse_sections("<h1>Title</h1><p>text</p><h2>Changes</h2><p>none</p>")

    assert (parts.title, parts.first_chapter) == ("Title", "Title\ntext")
    assert (parts.main_content, parts.changelog) == (UNSET, "Changes\nnone")


def test_changelog_heading_is_not_title() -> None:
    parts = parse_sections("<p>text</p><h1>Changelog</h1><p>none</p>")

    assert parts.title is UNSET
    assert (parts.first_chapter, parts.changelog) == ("text", "Changelog\nnone")


def test_changelog_readme_starts_with_summary() -> None:
    parts = parse_sections("<h1>Changelog</h1><p>none</p>", "Summary")

    assert (parts.title, parts.first_chapter, parts.changelog) == (UNSET, "Summary", "Changelog\nnone")


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("<h1>a &lt;b&gt; &amp;amp; c</h1>", "a <b> &amp; c"),
        ("<h3>  a\n  <code>b</code>c </h3>", "a bc"),
        ("<h1>a<br>b</h1>", "a b"),
        ("<h1><div>a</div><div>b</div></h1>", "a b"),
        ("<h1><a href='#a'></a>a</h1>", "a"),
        ("<h1><img src='https://x.example/a.png' alt='a logo'></h1>", "a logo"),
        ("<h1>a<img src='https://x.example/a.png' alt='a badge'></h1>", "a"),
        ("<h1><img src='relative.png' alt='a logo'></h1>", "a logo"),
        ("<h1></h1><h1><img src='https://x.example/a.png'></h1><h2>a</h2>", "a"),
        ("<details><summary><h2>a</h2></summary></details>", "a"),
        ("<h1><h2>a</h2></h1>", "a"),
        ("<h1><div><h2>a</h2></div></h1><h1>b</h1>", "a"),
        ("<h1>a", "a"),
        ("<p>none</p>", UNSET),
    ],
)
def test_title_is_first_heading_with_text(heading: str, title: str | UnsetType) -> None:
    assert parse_sections(heading).title == title


def test_headings_move_down_one_level() -> None:
    parts = parse_sections("".join(f"<h{n} id='i'>{n}</h{n}>" for n in range(1, 7)))

    shown = zip((2, 3, 4, 5, 6, 6), range(1, 7), strict=True)
    assert parts.html == "".join(f'<h{level} id="user-content-i">{n}</h{level}>' for level, n in shown)


def test_elements_that_only_group_become_neutral() -> None:
    assert (
        parse_sections("<nav><section>a</section><center>b</center></nav>").html
        == "<div><div>a</div><div>b</div></div>"
    )


def test_empty_link_remains_target() -> None:
    html = parse_sections(
        "<h1><a href='#a'></a>a<a id='b' href='#a'> </a></h1><p><a id='c'></a><a href='#a'>c</a></p>"
    ).html

    assert html == (
        '<h2>a<a id="user-content-b"></a></h2>'
        '<p><a id="user-content-c"></a><a href="#user-content-a" rel="nofollow noopener ugc">c</a></p>'
    )


def test_table_cells_are_words_of_one_line() -> None:
    table = "<table><tr><th>a</th><th>b</th></tr><tr><td>c</td><td>d</td></tr></table>"

    assert parse_sections(table).first_chapter == "a b\nc d"


@pytest.mark.parametrize(
    ("html", "blank"),
    [
        ("", True),
        ("<p> </p><hr>", True),
        ("<p><img src='https://x.example/a.png'></p>", False),
        ("<p><img src='a.png'></p>", True),
        ("<p><img src='a.png' alt='a'></p>", False),
        ("a", False),
    ],
)
def test_html_without_text_or_images_is_blank(html: str, blank: bool) -> None:
    assert parse_sections(html).is_blank is blank


def test_deeper_nesting_is_rejected() -> None:
    assert parse_sections("<div>" * MAX_DEPTH).html == "<div>" * MAX_DEPTH + "</div>" * MAX_DEPTH

    with pytest.raises(NestingTooDeep):
        parse_sections("<div>" * (MAX_DEPTH + 1))


fragments = st.sampled_from(
    [
        *("<h1>", "</h1>", "<h2>One</h2>", "<h2>Changes</h2>", "<h3>", "</h3>", "<p>", "</p>", "<pre>", "</pre>"),
        *("<li>", "<table><tr>", "<td>", "<br>", "<a href='#x'>", "</a>", "<img src='x' alt='y'>", "<section>"),
        *("words", "x", "&lt;", "&amp;lt;", " ", "\n", "\xa0"),
    ]
)


@settings(max_examples=100)
@given(st.lists(fragments, max_size=25).map("".join))
def test_sections_add_up_to_text(html: str) -> None:
    parts = parse_sections(html)

    of_parts = (part or "" for part in (parts.first_chapter, parts.main_content, parts.changelog))
    assert "".join("".join(of_parts).split()) == "".join(extract_text(parts.html).split())
