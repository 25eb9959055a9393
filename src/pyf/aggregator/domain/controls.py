"""Characters that command a terminal, or change the order of displayed text, and come from package data."""

import re

# Of Unicode: commands of terminals above ASCII, and the direction of text.
_UNICODE = r"\x80-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_ABOVE_ASCII = re.compile(f"[{_UNICODE}]")
# Tabs and line feeds are harmless.
_ALL = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f{_UNICODE}]")
# JSON escapes those below U+007F anyway. U+2028 and U+2029 end a line for some programs.
_IN_JSON = re.compile(rf"[\x7f\u2028\u2029{_UNICODE}]")
_IN_UTF8_JSON = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]")
_REPLACEMENT = "\ufffd"


def replace_controls(text: str, *, keep_ascii: bool = False) -> str:
    """Replace control characters, for text that a terminal may display.

    Args:
        keep_ascii: Keep those of ASCII, which style text and move the cursor.
    """
    return (_ABOVE_ASCII if keep_ascii else _ALL).sub(_REPLACEMENT, text)


def escape_controls(json: str) -> str:
    r"""Escape control characters in JSON, such as `\u009b`."""
    return _IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", json)


def escape_utf8_controls(json: bytes) -> bytes:
    """Escape control characters in encoded JSON."""
    return _IN_UTF8_JSON.sub(lambda match: b"\\u%04x" % ord(match[0].decode()), json)
