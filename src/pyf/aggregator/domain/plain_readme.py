"""What becomes of any README, however strange: legible text within bounds, and where nothing else works, plain HTML.

All of it takes time in proportion to the text, and imports nothing heavy: the main process uses it, too.
"""

import re
from html import escape

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from .readme import Readme, Rendered

# The longest README of some 400 real ones has 85,000 characters. What is cut off is not shown and not searched.
MAX_TEXT = 512 * 1024
MAX_SUMMARY = 2_000
MAX_CONTENT_TYPE = 200

_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_NOT_ENCODABLE = re.compile("[\ud800-\udfff]")


def legible(readme: Readme) -> Readme:
    """Return the README without control characters and lone surrogates, at most `MAX_TEXT` characters of it.

    A longer text is cut after its last whole line; the summary and the content type are cut hard.
    """
    return replace(
        readme,
        text=_legible(_cut(readme.text)),
        content_type=_legible(readme.content_type[:MAX_CONTENT_TYPE]),
        summary=_legible(readme.summary[:MAX_SUMMARY]),
    )


def as_plain_text(readme: Readme) -> Rendered:
    """Return the README's text as it is, preformatted; all of it is the first chapter."""
    readme = legible(readme)
    html = f"<pre>{escape(readme.text, quote=False)}</pre>" if readme.text.strip() else ""
    return Rendered(html=html, first_chapter=first_chapter(readme.summary, lines(readme.text)))


def first_chapter(summary: str, text: str) -> str | UnsetType:
    """Return the summary and the text that follows it; Unset if both are empty."""
    return "\n".join(part for part in (lines(summary), text) if part) or UNSET


def lines(text: str) -> str:
    """Return the text's lines with single spaces between their words, without the empty ones."""
    return "\n".join(words for line in text.split("\n") if (words := " ".join(line.split())))


def _cut(text: str) -> str:
    if len(text) <= MAX_TEXT:
        return text
    return text[: text.rfind("\n", 0, MAX_TEXT) + 1 or MAX_TEXT]


def _legible(text: str) -> str:
    return _NOT_ENCODABLE.sub("\N{REPLACEMENT CHARACTER}", _NOT_TEXT.sub("", text))
