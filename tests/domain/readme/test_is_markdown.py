import pytest

from pyf.aggregator.domain.readme.plain_text import Readme
from pyf.aggregator.domain.readme.rendering import is_markdown, render_readme

MARKDOWN = [
    "# Title\n\nSome text.\n",
    "Title\n=====\n\nSome [link](https://x.example) and `code`.\n",
    "Title\n=====\n\n```python\nimport x\n```\n",
    "[![PyPI](https://x.example/badge.svg)](https://x.example)\n\nText\n",
    "A list:\n\n- [x] done\n- [ ] open\n",
    "| a | b |\n| --- | --- |\n| 1 | 2 |\n",
    "<p align=center><img src=https://x.example/a.png></p>\n\nText\n",
]
RST = [
    "Title\n=====\n\nSome ``code`` and `link <https://x.example>`_.\n",
    "Title\n-----\n\nExample::\n\n    # a comment\n    x = [1](2)\n\n.. code-block:: python\n\n   y\n",
    ".. image:: https://x.example/a.svg\n\nText with |sub| and *emphasis*.\n",
    "====\nName\n====\n\n:Author: Ada\n:Date: today\n",
    "Plain words, *one* of them strong.\n",
    "",
]


@pytest.mark.parametrize("text", MARKDOWN)
@pytest.mark.parametrize("content_type", ["", "UNKNOWN", "text/html", "text/x-markdown", "markdown", "text/md; x=y"])
def test_markdown_is_rendered_as_such(text: str, content_type: str) -> None:
    expected = render_readme(Readme(text=text, content_type="text/markdown"))

    assert render_readme(Readme(text=text, content_type=content_type)) == expected


@pytest.mark.parametrize("text", RST)
def test_rst_is_no_markdown(text: str) -> None:
    assert not is_markdown(text)
    assert render_readme(Readme(text=text)) == render_readme(Readme(text=text, content_type="text/x-rst"))


@pytest.mark.parametrize("text", MARKDOWN)
def test_declared_type_counts(text: str) -> None:
    plain = render_readme(Readme(text=text, content_type="text/plain"))

    assert plain.html.startswith("<pre>")


@pytest.mark.parametrize("piece", ["[", "![", "`", "|", "-", "*", ":", "=\n", "<a", "_ "])
def test_long_texts_take_no_time(piece: str) -> None:
    is_markdown(piece * (500_000 // len(piece)))
