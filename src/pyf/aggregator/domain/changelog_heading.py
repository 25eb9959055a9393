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
_OCCASION = r"""
    \s* [(\[] [^)\]]*
    | (?: \s* [-–—:] \s* | \s+ (?: (?:in|for|of|since|from|after|to) \s+ (?: [\w.-]+ \s+ ){0,2} )? )
      (?: version \s+ )? v?\d [\w.+/-]* (?: \s* [-–—:,(\[] [\s\w.,/-]{1,30} )?
"""
_CHANGELOG = re.compile(rf"{_NAME} (?: {_OCCASION} )?", re.VERBOSE)
# These two can't mean anything else, whatever they are of: "Release notes for plone.api".
_CHANGELOG_OF = re.compile(r"(?: change[\s-]?log | release \s notes ) \s (?:of|for) \s .*", re.VERBOSE)

_NUMBERING = re.compile(r"\A (?: \d+ (?:\.\d+)* [.)]? | [ivx]+[.)] | [a-z][.)] ) \s+", re.VERBOSE)
_LONGEST = 100


def reads_like_changelog(heading: str) -> bool:
    """Tell whether a heading announces a changelog, release notes or the like; case and decoration do not matter.

    The whole heading must do so: "Change history", "5. Changes", "What's new in 2.0?" do, "History widget",
    "Breaking changes" and "Changes in behaviour" do not.
    """
    if len(heading) > _LONGEST:
        return False
    words = _undecorated(unicodedata.normalize("NFKC", heading).casefold().replace("’", "'"))
    words = _undecorated(_NUMBERING.sub("", words))
    return bool(_CHANGELOG.fullmatch(words) or _CHANGELOG_OF.fullmatch(words))


def _undecorated(words: str) -> str:
    """Return the words without the symbols, emojis and punctuation around them."""
    inside = [i for i, c in enumerate(words) if c.isalnum()]
    return words[inside[0] : inside[-1] + 1] if inside else ""
