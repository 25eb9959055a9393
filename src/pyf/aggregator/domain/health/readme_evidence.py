"""What a README offers its readers, told from its HTML and its plain text without looking at more than is needed."""

import re

from msgspec import UNSET, Struct

from ..schema import RegistryFields

# Every pattern here takes time in proportion to the text: READMEs are written by anybody.
_BLOCK = re.compile(r"<pre\b[^>]*>(.*?)</pre>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_INSTALLER = r"(?:pip3?|uv pip|uv|poetry|pdm|pipx|conda|mamba|easy_install)"
_INSTALL_SECTION = re.compile(
    rf"\b(?:{_INSTALLER} (?:install|add)|easy_install)\b"
    r"|^[^\w\n]{0,9}(?:\d{1,3}[.)]? )?(?:how to |quick )?(?:install(?:ation|ing)?|set ?up)\b[^\n]{0,40}$"
    r"|\beggs ?\+?=",
    re.MULTILINE,
)
# A block that only installs is no example: each of its lines is a command of an installer, or a comment.
_INSTALL_LINE = re.compile(rf"[\s$>%]*(?:#.*|(?:sudo )?(?:\S*python\S* -m )?(?:{_INSTALLER}|apt|apt-get|brew) .*)?")
# Code in what could not be rendered, and is shown as it was written.
_PLAIN_CODE = re.compile(r"^(?:>>> |```|\.\. code|    \S)|::[ \t]*\n(?:[ \t]*\n){1,3}[ \t]+\S", re.MULTILINE)

# Nothing is looked at further than this many characters: the thresholds are far below.
_MAX_TEXT_LENGTH = 50_000


class ReadmeSignals(Struct, frozen=True, kw_only=True):
    """What was found: characters of prose, and whether there is an example in code and a word on installing."""

    prose_length: int
    has_example: bool
    has_install_section: bool


def extract_readme_signals(newest: RegistryFields) -> ReadmeSignals:
    """Look through a release's README; its changelog does not count as prose, and neither does its summary."""
    text = "\n".join(part for part in (newest.first_chapter, newest.main_content) if part is not UNSET)[:_MAX_TEXT_LENGTH]
    html = newest.description[:_MAX_TEXT_LENGTH]
    prose_length = len(text) - (len(newest.summary) if newest.first_chapter is not UNSET else 0)
    if html.startswith("<pre>") and newest.title is UNSET:
        # It could not be rendered: where it is code nobody can say.
        has_example = _PLAIN_CODE.search(html.replace("&gt;", ">")) is not None
    else:
        blocks = [_TAG.sub("", block) for block in _BLOCK.findall(html)]
        prose_length -= sum(len(" ".join(block.split())) for block in blocks)
        has_example = any(_is_example(block) for block in blocks)
    return ReadmeSignals(
        prose_length=max(0, prose_length),
        has_example=has_example,
        has_install_section=_has_install_section(text.lower()),
    )


def _has_install_section(text: str) -> bool:
    """Tell whether a text in lower case has a word on installing; what most say is found in a fraction of the time."""
    return "pip install" in text or _INSTALL_SECTION.search(text) is not None


def _is_example(block: str) -> bool:
    return any(line.strip() and not _INSTALL_LINE.fullmatch(line) for line in block.splitlines())
