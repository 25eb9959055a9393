"""Repair of text that XML does not allow, so that one bad value does not spoil a whole response."""

import re

_REPLACEMENT = "\ufffd"
_VALID = "\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff"
_INVALID = re.compile(f"[^{_VALID}]|&(?!(?:amp|lt|gt|quot|apos);)(?:#(?:x([0-9A-Fa-f]{{1,8}})|([0-9]{{1,9}}));)?")
_IS_VALID = re.compile(f"[{_VALID}]")

# The longest reference that `_INVALID` reads, in characters.
MAX_REFERENCE = len("&#x0010ffff;")


def repair_xml(text: str) -> str:
    """Replace characters that XML excludes, also as references, and escape an `&` that begins no known reference."""
    return _INVALID.sub(_repair, text)


def _repair(match: re.Match[str]) -> str:
    if not match[0].startswith("&"):
        return _REPLACEMENT
    if match[0] == "&":
        return "&amp;"
    code = int(match[1], 16) if match[1] else int(match[2])
    return match[0] if code <= 0x10FFFF and _IS_VALID.match(chr(code)) else _REPLACEMENT
