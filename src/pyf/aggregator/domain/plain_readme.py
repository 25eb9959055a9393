"""What becomes of any README, however strange: legible text within bounds, and where nothing else works, plain HTML.

All of it takes time in proportion to the text, and imports nothing heavy: the main process uses it, too.
"""

import re
from html import escape

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from .readme import Readme, RenderedReadme

# The longest README of some 400 real ones has 85,000 characters. What is cut off is not shown and not searched.
MAX_TEXT_LENGTH = 512 * 1024
MAX_SUMMARY_LENGTH = 2_000
MAX_CONTENT_TYPE_LENGTH = 200

_CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def clean_readme(readme: Readme) -> Readme:
    """Return the README without control characters and lone surrogates, at most `MAX_TEXT` characters of it.

    A longer text is cut after its last whole line; the summary and the content type are cut hard.
    """
    return replace(
        readme,
        text=_clean_text(_truncate(readme.text)),
        content_type=_clean_text(readme.content_type[:MAX_CONTENT_TYPE_LENGTH]),
        summary=_clean_text(readme.summary[:MAX_SUMMARY_LENGTH]),
    )


def render_plain_text(readme: Readme) -> RenderedReadme:
    """Return the README's text as it is, preformatted; all of it is the first chapter."""
    readme = clean_readme(readme)
    html = f"<pre>{escape(readme.text, quote=False)}</pre>" if readme.text.strip() else ""
    return RenderedReadme(html=html, first_chapter=join_first_chapter(readme.summary, normalize_lines(readme.text)))


def join_first_chapter(summary: str, text: str) -> str | UnsetType:
    """Return the summary and the text that follows it; Unset if both are empty."""
    return "\n".join(part for part in (normalize_lines(summary), text) if part) or UNSET


def normalize_lines(text: str) -> str:
    """Return the text's lines with single spaces between their words, without the empty ones."""
    return "\n".join(words for line in text.split("\n") if (words := " ".join(line.split())))


def _truncate(text: str) -> str:
    if len(text) <= MAX_TEXT_LENGTH:
        return text
    return text[: text.rfind("\n", 0, MAX_TEXT_LENGTH) + 1 or MAX_TEXT_LENGTH]


def _clean_text(text: str) -> str:
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", _CONTROL_CHARACTERS.sub("", text))
