"""Remove secrets from text that leaves the program."""

import re
from collections.abc import Iterable, Iterator
from json import dumps
from urllib.parse import quote, unquote

REDACTED = "***"

# Characters. Redacting shorter values would replace parts of ordinary words.
_MIN_SECRET_LENGTH = 6

_PARAMETER = r"(?:api[_-]?key|auth|key|passwd|password|pwd|secret|sig|signature|(?:\w+_)?token)"
_QUERY_SECRET = re.compile(rf"(?<=[?&;])({_PARAMETER})=([^\s&;#\"'<>]+)", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=://)[^\s/\"'<>]*@")
_AUTHORIZATION = re.compile(r"\b(Basic|Bearer)\s+[\w+/=.~-]{6,}", re.IGNORECASE)
_HOST_TOKEN = re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-)[\w-]{6,}")


class Redactor:
    """Replaces secrets in text by `***`.

    Args:
        secrets: Values to replace, in the spellings of URLs and JSON as well.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        variants = {
            variant
            for secret in secrets
            if len(secret) >= _MIN_SECRET_LENGTH
            for variant in (secret, quote(secret), quote(secret, safe=""), dumps(secret)[1:-1], repr(secret)[1:-1])
        }
        # The longest first: one secret may contain another.
        alternatives = "|".join(map(re.escape, sorted(variants, key=len, reverse=True)))
        self._known = re.compile(alternatives) if alternatives else None

    def redact_known(self, text: str) -> str:
        """Replace the known secrets only."""
        return self._known.sub(REDACTED, text) if self._known else text

    def redact(self, text: str) -> str:
        """Replace the known secrets, and what looks like one: users in URLs, tokens, passwords in queries."""
        text = _USER_INFO.sub(f"{REDACTED}@", self.redact_known(text))
        text = _QUERY_SECRET.sub(rf"\1={REDACTED}", text)
        text = _AUTHORIZATION.sub(rf"\1 {REDACTED}", text)
        return _HOST_TOKEN.sub(REDACTED, text)


def find_url_secrets(text: str) -> Iterator[str]:
    """Yield the secrets in URLs, separated by commas, encoded and decoded; the URLs may be malformed."""
    for url in text.split(","):
        for secret in _find_raw_secrets(url.strip()):
            yield secret
            if (decoded := unquote(secret)) != secret:
                yield decoded


def _find_raw_secrets(url: str) -> Iterator[str]:
    address, _, query = url.partition("?")
    for _name, value in _QUERY_SECRET.findall(f"?{query}"):
        yield value
    rest = address.partition("://")[2] or address
    # A password may contain "/" and "@" if its user has not encoded them.
    user_info, has_user_info, _host = rest.rpartition("@")
    if has_user_info:
        user, has_password, password = user_info.partition(":")
        # A user without a password is a token.
        yield from filter(None, [password if has_password and password else user])
    elif rest.startswith(":"):  # `redis://:password`, without a host
        yield rest.removeprefix(":").partition("/")[0]
