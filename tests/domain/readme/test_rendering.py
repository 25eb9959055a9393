"""Any README is rendered as safe HTML by its content type, and is never empty."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET
from pytest_httpserver import HTTPServer

from pyf.aggregator.domain.readme.plain_text import (
    MAX_TEXT_LENGTH,
    Readme,
    RenderedReadme,
    clean_readme,
    render_plain_text,
)
from pyf.aggregator.domain.readme.rendering import render_readme
from support.html_checks import assert_safe_html
from support.readmes import load_reference_readmes

SECRET = "nobody may read this"


def render_html(text: str, content_type: str = "text/markdown") -> str:
    return render_readme(Readme(text=text, content_type=content_type)).html


@pytest.mark.parametrize(
    "content_type",
    [
        "text/markdown",
        "text/markdown; charset=UTF-8; variant=GFM",
        'Text/Markdown;Variant="GFM"',
        "text/markdown; variant=gibberish",
        " text/markdown ;charset",
    ],
)
def test_markdown_type_ignores_parameters(content_type: str) -> None:
    assert render_html("*a* ~~b~~", content_type) == "<p><em>a</em> <del>b</del></p>\n"


def test_markdown_variant_is_respected() -> None:
    assert render_html("*a* ~~b~~", "text/markdown; variant=CommonMark") == "<p><em>a</em> ~~b~~</p>\n"


@pytest.mark.parametrize(
    "content_type", ["text/x-rst", "TEXT/X-RST; charset=UTF-8", "", "UNKNOWN", "# Processing", ";"]
)
def test_unknown_content_type_is_rst(content_type: str) -> None:
    assert render_html("*a* ``b``", content_type) == "<p><em>a</em> <code>b</code></p>\n"


@pytest.mark.parametrize("content_type", ["text/plain", "text/plain; charset=UTF-8"])
def test_plain_text_is_shown_as_written(content_type: str) -> None:
    assert render_html("*a*\n ``b``", content_type) == "<pre>*a*\n ``b``</pre>"


@pytest.mark.parametrize(
    "text",
    [
        "A title\n====\n",  # a warning is enough: the underline is too short
        "x `y",
        ".. automodule:: x",
        ".. raw:: html\n\n   <b>x</b>",
        ":class:`x`",
        "|x|",
        "\n".join(" " * n + f"* {n}\n" for n in range(0, 2000, 2)),
    ],
)
def test_rst_with_error_is_plain_text(text: str) -> None:
    readme = Readme(text=text, content_type="text/x-rst", summary="A summary.")

    assert render_readme(readme) == render_plain_text(readme)


@pytest.mark.parametrize(
    "text", ["<!-- nothing to see -->", "<svg><path/></svg>", "[x]: https://x.example/", "<p></p>"]
)
def test_markdown_that_shows_nothing_is_shown_as_written(text: str) -> None:
    assert render_readme(Readme(text=text, content_type="text/markdown")) == render_plain_text(Readme(text=text))


@pytest.mark.parametrize("text", ["", " ", "\n\t\r\n", "\x00"])
@pytest.mark.parametrize("content_type", ["text/markdown", "text/x-rst", "text/plain", ""])
def test_only_a_blank_readme_has_no_html(text: str, content_type: str) -> None:
    made = render_readme(Readme(text=text, content_type=content_type, summary="A summary."))

    assert made == RenderedReadme(first_chapter="A summary.")


def test_image_alone_is_readme() -> None:
    assert render_html("![](https://x.example/a.png)") == '<p><img src="https://x.example/a.png" alt=""></p>\n'


@pytest.mark.parametrize("content_type", ["text/markdown", "text/x-rst"])
def test_headings_are_one_level_lower_and_the_parts_are_named(content_type: str) -> None:
    text = "A title\n=======\n\nWhat it is.\n\nUsage\n-----\n\nRun it.\n\nChanges\n-------\n\nNone.\n"

    made = render_readme(Readme(text=text, content_type=content_type, summary="A summary."))

    assert "A title</h2>" in made.html
    assert "Usage</h3>" in made.html
    assert "Changes</h3>" in made.html
    assert made.title == "A title"
    assert made.first_chapter == "A summary.\nA title\nWhat it is."
    assert made.main_content == "Usage\nRun it."
    assert made.changelog == "Changes\nNone."


def test_missing_section_is_unset() -> None:
    made = render_readme(Readme(text="text", content_type="text/markdown"))

    assert made == RenderedReadme(html="<p>text</p>\n", first_chapter="text")
    assert (made.title, made.main_content, made.changelog) == (UNSET, UNSET, UNSET)


def test_code_in_an_unknown_language_is_rendered() -> None:
    assert render_html(".. code:: klingon\n\n   Qapla'", "text/x-rst") == "<pre><code>Qapla'</code></pre>\n"


def test_role_definitions_do_not_leak() -> None:
    render_html(".. role:: mine\n.. role:: emphasis(strong)\n\n:mine:`x`", "text/x-rst")

    assert render_html(":mine:`x`", "text/x-rst") == "<pre>:mine:`x`</pre>"
    assert render_html(":emphasis:`x`", "text/x-rst") == "<p><em>x</em></p>\n"


@pytest.mark.parametrize(
    "text",
    [
        ".. include:: {file}",
        ".. include:: {file}\n   :literal:",
        ".. include:: {url}",
        ".. literalinclude:: {file}",
        ".. raw:: html\n   :file: {file}",
        ".. raw:: html\n   :url: {url}",
        ".. csv-table:: x\n   :file: {file}",
        ".. csv-table:: x\n   :url: {url}",
        ".. image:: {file}\n   :scale: 50%",
        ".. image:: {url}\n   :scale: 50%",
        ".. figure:: {url}\n   :figwidth: image",
        ".. image:: {url}\n   :loading: embed",
        ".. math::\n   :file: {file}",
        ".. stylesheet:: {file}",
        "![x]({url}) <img src='{url}'> <img src='{file}'> <iframe src='{url}'></iframe> [x]({file})",
        "<!--#include file='{file}'-->\n\n![x](file://{file})",
    ],
)
@pytest.mark.parametrize("content_type", ["text/x-rst", "text/markdown", ""])
def test_no_file_is_read_and_nothing_is_fetched(
    text: str, content_type: str, tmp_path: Path, httpserver: HTTPServer
) -> None:
    file = tmp_path / "secret.txt"
    file.write_text(SECRET)
    httpserver.expect_request("/secret.png").respond_with_data(SECRET)

    made = render_readme(
        Readme(text=text.format(file=file, url=httpserver.url_for("/secret.png")), content_type=content_type)
    )

    assert SECRET not in str(made)
    assert httpserver.log == []
    assert made.html


def test_configuration_that_lies_around_means_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docutils.conf").write_text("[general]\nraw_enabled: yes\nfile_insertion_enabled: yes\n")
    (tmp_path / "secret.txt").write_text(SECRET)
    monkeypatch.chdir(tmp_path)

    assert SECRET not in render_html(".. include:: secret.txt", "text/x-rst")


@pytest.mark.parametrize(
    "text",
    ["> " * 400 + "x", "<div>" * 400 + "x", "[^1]" * 20_000 + "\n\n[^1]: x"],
)
def test_oversized_output_is_plain_text(text: str) -> None:
    readme = Readme(text=text, content_type="text/markdown")

    assert render_readme(readme) == render_plain_text(readme)


def test_text_beyond_limit_is_cut() -> None:
    text = "word\n" * (MAX_TEXT_LENGTH // 5 + 10)

    assert render_html(text).count("word") == MAX_TEXT_LENGTH // 5


@settings(max_examples=100)
@given(
    st.text(st.characters(codec=None, categories=None)),
    st.sampled_from(["text/markdown", "text/x-rst", "text/plain", "\ud800"]),
)
def test_any_text_is_rendered_and_only_blank_text_to_nothing(text: str, content_type: str) -> None:
    html = render_readme(Readme(text=text, content_type=content_type, summary=text)).html

    assert_safe_html(html)
    assert bool(html) == bool(clean_readme(Readme(text=text)).text.strip())


def test_real_readmes_are_rendered_safely(shared_data: Path) -> None:
    readmes = load_reference_readmes(shared_data)

    made = [render_readme(readme) for readme in readmes]

    for readme, result in zip(readmes, made, strict=True):
        assert_safe_html(result.html)
        assert bool(result.html) == bool(readme.text.strip())
    in_markdown = [m for r, m in zip(readmes, made, strict=True) if r.content_type.startswith("text/markdown")]
    assert sum(m.title is not UNSET for m in in_markdown) > 0.9 * len(in_markdown)
    assert not any(m.html.startswith("<pre>") for m in in_markdown)
    assert sum(m.changelog is not UNSET for m in made) > 10
