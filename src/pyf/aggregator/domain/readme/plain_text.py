"""READMEs before and after rendering, the plain-text fallback, and the detection of changelog headings.

Everything here takes time in proportion to the text and imports nothing heavy, because the main process uses it, too.
"""

import re
import unicodedata
from hashlib import sha256
from html import escape

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace


class Readme(Struct, frozen=True, kw_only=True):
    """A README's text and content type as published; `summary` opens the first chapter."""

    text: str
    content_type: str = ""
    summary: str = ""

    @property
    def fingerprint(self) -> str:
        """A digest of all input of rendering."""
        digest = sha256()
        for part in (self.content_type, self.summary, self.text):
            digest.update(part.encode("utf-8", "surrogatepass"))
            digest.update(b"\0")
        return digest.hexdigest()


class RenderedReadme(Struct, frozen=True, kw_only=True):
    """A README as safe HTML, and its parts as plain text; a missing part is Unset.

    Attributes:
        title: The first heading.
        first_chapter: The summary, and the text before the second heading.
        main_content: The rest, without the changelog.
        changelog: Everything from the first changelog heading on.
    """

    html: str = ""
    title: str | UnsetType = UNSET
    first_chapter: str | UnsetType = UNSET
    main_content: str | UnsetType = UNSET
    changelog: str | UnsetType = UNSET


# The longest of 400 real READMEs has 85,000 characters. Text beyond the limit is neither displayed nor searched.
MAX_TEXT_LENGTH = 512 * 1024
MAX_SUMMARY_LENGTH = 2_000
MAX_CONTENT_TYPE_LENGTH = 200

_CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def clean_readme(readme: Readme) -> Readme:
    """Remove control characters and lone surrogates, and limit the lengths.

    A text longer than `MAX_TEXT_LENGTH` is cut after its last complete line.
    """
    return replace(
        readme,
        text=_clean_text(_truncate(readme.text)),
        content_type=_clean_text(readme.content_type[:MAX_CONTENT_TYPE_LENGTH]),
        summary=_clean_text(readme.summary[:MAX_SUMMARY_LENGTH]),
    )


def render_plain_text(readme: Readme) -> RenderedReadme:
    """Render the README as preformatted text; all of it is the first chapter."""
    readme = clean_readme(readme)
    html = f"<pre>{escape(readme.text, quote=False)}</pre>" if readme.text.strip() else ""
    return RenderedReadme(html=html, first_chapter=join_first_chapter(readme.summary, normalize_lines(readme.text)))


def join_first_chapter(summary: str, text: str) -> str | UnsetType:
    """Join the summary and the text after it; Unset if both are empty."""
    return "\n".join(part for part in (normalize_lines(summary), text) if part) or UNSET


def normalize_lines(text: str) -> str:
    """Collapse white space within lines, and drop empty lines."""
    return "\n".join(words for line in text.split("\n") if (words := " ".join(line.split())))


def _truncate(text: str) -> str:
    if len(text) <= MAX_TEXT_LENGTH:
        return text
    return text[: text.rfind("\n", 0, MAX_TEXT_LENGTH) + 1 or MAX_TEXT_LENGTH]


def _clean_text(text: str) -> str:
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", _CONTROL_CHARACTERS.sub("", text))


# A changelog heading is one of these names, with nothing else but a version or a date.
_NAME = r"""
    (?: (?:the|full|complete|detailed|recent|latest|version|release) \s+ )*
    (?: change[\s-]?logs? | changes | (?:change|revision) \s+ (?:history|log|notes?) | history
      | releases | release \s+ (?:notes?|history|log) | what's \s+ new | whats \s+ new )
"""
# "(v1.0)", "[unreleased]", "1.0 - 2024-01-31", "- v2.1", "in version 2", "since plone.api 1.5": without brackets a
# number is required, and little other text is allowed.
_VERSION_SUFFIX = r"""
    \s* [(\[] [^)\]]*
    | (?: \s* [-–—:] \s* | \s+ (?: (?:in|for|of|since|from|after|to) \s+ (?: [\w.-]+ \s+ ){0,2} )? )
      (?: version \s+ )? v?\d [\w.+/-]* (?: \s* [-–—:,(\[] [\s\w.,/-]{1,30} )?
"""
_CHANGELOG = re.compile(rf"{_NAME} (?: {_VERSION_SUFFIX} )?", re.VERBOSE)
# These two are unambiguous before any text: "Release notes for plone.api".
_CHANGELOG_FOR = re.compile(r"(?: change[\s-]?log | release \s notes ) \s (?:of|for) \s .*", re.VERBOSE)

_NUMBERING = re.compile(r"\A (?: \d+ (?:\.\d+)* [.)]? | [ivx]+[.)] | [a-z][.)] ) \s+", re.VERBOSE)
_MAX_HEADING_LENGTH = 100


def is_changelog_heading(heading: str) -> bool:
    """Return whether a heading starts a changelog or release notes; case and decoration don't matter.

    The whole heading must match: "Change history", "5. Changes" and "What's new in 2.0?" do; "History widget",
    "Breaking changes" and "Changes in behavior" don't.
    """
    if len(heading) > _MAX_HEADING_LENGTH:
        return False
    words = _strip_decoration(unicodedata.normalize("NFKC", heading).casefold().replace("’", "'"))
    words = _strip_decoration(_NUMBERING.sub("", words))
    return bool(_CHANGELOG.fullmatch(words) or _CHANGELOG_FOR.fullmatch(words))


def _strip_decoration(words: str) -> str:
    """Strip symbols, emojis and punctuation around the words."""
    positions = [position for position, character in enumerate(words) if character.isalnum()]
    return words[positions[0] : positions[-1] + 1] if positions else ""
