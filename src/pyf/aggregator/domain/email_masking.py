"""Mask e-mail addresses in public output, because authors gave them to PyPI only.

Links of quarantined projects are masked as well, because they may point to malware.
"""

import re

EMAIL_MASK = "[address]"
LINK_MASK = "[link]"

# The lookbehind tries a match only at the start of a run of these characters, so that the time stays linear.
# `git@host` is a clone URL and `@name@host` an account of a social network.
_EMAIL = re.compile(r"(?<![\w.+%'@-])(?!git@)[\w.+%'-]*[\w+-]@(?:[\w-]+\.)+[^\W\d_][\w-]+")
# URLs with a scheme, and without one: `host.example/path`.
_URL = re.compile(r"""(?i)(?<![a-z0-9])(?:[a-z][a-z0-9+.-]{0,20}:/{1,2}|www\.)[^\s<>"'`]+""")
_BARE_URL = re.compile(r"""(?i)(?<![\w.-])(?:[\w-]{1,63}\.){1,9}[a-z]{2,24}(?::[0-9]{1,5})?/[^\s<>"'`]*""")
_BRACKETED_EMAIL = re.compile(r"[<(]\s?(?:mailto:)?[^<>()\s@]*@[^<>()\s]*\s?[>)]")
_MAILTO_HREF = re.compile(r"""\shref=(?:"mailto:[^"]*"|'mailto:[^']*')""", re.IGNORECASE)


def mask_emails(text: str) -> str:
    """Replace e-mail addresses by a mask."""
    return _EMAIL.sub(EMAIL_MASK, text) if "@" in text else text


def mask_links(text: str) -> str:
    """Replace URLs by a mask."""
    return _BARE_URL.sub(LINK_MASK, _URL.sub(LINK_MASK, text))


def mask_emails_in_html(html: str) -> str:
    """Replace e-mail addresses in HTML by a mask; `mailto:` links lose their target."""
    if "@" not in html and "mailto:" not in html.lower():
        return html
    return mask_emails(_MAILTO_HREF.sub("", html))


def remove_emails(text: str) -> str:
    """Return a text without its e-mail addresses and the brackets around them."""
    return _EMAIL.sub("", _BRACKETED_EMAIL.sub("", text))
