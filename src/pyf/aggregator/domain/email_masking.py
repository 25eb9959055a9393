"""Keeps e-mail addresses out of what is shown to others: authors gave them to a registry, not to whoever copies it.

Of a project that may do harm, addresses of sites are kept out as well: nobody should go where it leads.
"""

import re
from collections.abc import Iterable, Iterator

# What stands in an address's place.
EMAIL_MASK = "[address]"
LINK_MASK = "[link]"

# It is looked for at the start of a run of its characters only, so a long run costs no more than its length.
# `git@host` is how repositories are cloned, and `@name@host` a name on a social network.
_EMAIL = re.compile(r"(?<![\w.+%'@-])(?!git@)[\w.+%'-]*[\w+-]@(?:[\w-]+\.)+[^\W\d_][\w-]+")
# With a scheme, or as people say them: a host and what is on it.
_URL = re.compile(r"""(?i)(?<![a-z0-9])(?:[a-z][a-z0-9+.-]{0,20}:/{1,2}|www\.)[^\s<>"'`]+""")
_BARE_URL = re.compile(r"""(?i)(?<![\w.-])(?:[\w-]{1,63}\.){1,9}[a-z]{2,24}(?::[0-9]{1,5})?/[^\s<>"'`]*""")
_BRACKETED_EMAIL = re.compile(r"[<(]\s?(?:mailto:)?[^<>()\s@]*@[^<>()\s]*\s?[>)]")
_MAILTO_HREF = re.compile(r"""\shref=(?:"mailto:[^"]*"|'mailto:[^']*')""", re.IGNORECASE)


def mask_emails(text: str) -> str:
    """Return text with something else where an e-mail address was."""
    return _EMAIL.sub(EMAIL_MASK, text) if "@" in text else text


def mask_links(text: str) -> str:
    """Return text with something else where the address of a site was."""
    return _BARE_URL.sub(LINK_MASK, _URL.sub(LINK_MASK, text))


def mask_emails_in_html(html: str) -> str:
    """Return HTML without e-mail addresses; links to write to somebody become anchors that lead nowhere."""
    if "@" not in html and "mailto:" not in html.lower():
        return html
    return mask_emails(_MAILTO_HREF.sub("", html))


def parse_person_names(values: Iterable[str]) -> tuple[str, ...]:
    """Return the names in fields such as author and author_email, each once; an address alone names nobody."""
    return tuple(dict.fromkeys(_iter_names(values)))


def _iter_names(values: Iterable[str]) -> Iterator[str]:
    for field in values:
        # Only a list of addresses has commas between people: "Plone Foundation, Inc." is one.
        for part in field.split(",") if "@" in field else [field]:
            name = _EMAIL.sub("", _BRACKETED_EMAIL.sub("", part)).strip(" \t\r\n\"'<>;,")
            if name:
                yield " ".join(name.split())
