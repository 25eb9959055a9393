"""Tells from a heading whether a changelog follows, without taking "Changes to the settings file" for one."""

import re
import unicodedata

# A heading is taken for a changelog's if it is one of these names and nothing else, but for a version or a date.
_NAME = r"""
    (?: (?:the|full|complete|detailed|recent|latest|version|release) \s+ )*
    (?: change[\s-]?logs? | changes | (?:change|revision) \s+ (?:history|log|notes?) | history
      | releases | release \s+ (?:notes?|history|log) | what's \s+ new | whats \s+ new )
"""
# "(v1.0)", "[unreleased]", "1.0 - 2024-01-31", "- v2.1", "in version 2", "since plone.api 1.5": without brackets there
# must be a number, and not much else.
_VERSION_SUFFIX = r"""
    \s* [(\[] [^)\]]*
    | (?: \s* [-–—:] \s* | \s+ (?: (?:in|for|of|since|from|after|to) \s+ (?: [\w.-]+ \s+ ){0,2} )? )
      (?: version \s+ )? v?\d [\w.+/-]* (?: \s* [-–—:,(\[] [\s\w.,/-]{1,30} )?
"""
_CHANGELOG = re.compile(rf"{_NAME} (?: {_VERSION_SUFFIX} )?", re.VERBOSE)
# These two can't mean anything else, whatever they are of: "Release notes for plone.api".
_CHANGELOG_FOR = re.compile(r"(?: change[\s-]?log | release \s notes ) \s (?:of|for) \s .*", re.VERBOSE)

_NUMBERING = re.compile(r"\A (?: \d+ (?:\.\d+)* [.)]? | [ivx]+[.)] | [a-z][.)] ) \s+", re.VERBOSE)
_MAX_HEADING_LENGTH = 100


def is_changelog_heading(heading: str) -> bool:
    """Tell whether a heading announces a changelog, release notes or the like; case and decoration do not matter.

    The whole heading must do so: "Change history", "5. Changes", "What's new in 2.0?" do, "History widget",
    "Breaking changes" and "Changes in behaviour" do not.
    """
    if len(heading) > _MAX_HEADING_LENGTH:
        return False
    words = _strip_decoration(unicodedata.normalize("NFKC", heading).casefold().replace("’", "'"))
    words = _strip_decoration(_NUMBERING.sub("", words))
    return bool(_CHANGELOG.fullmatch(words) or _CHANGELOG_FOR.fullmatch(words))


def _strip_decoration(words: str) -> str:
    """Return the words without the symbols, emojis and punctuation around them."""
    inside = [i for i, c in enumerate(words) if c.isalnum()]
    return words[inside[0] : inside[-1] + 1] if inside else ""
