"""Types of settings that check the text of a value; a ValueError names the form that is expected.

No message repeats the value: it may contain a secret.
"""

import re
from base64 import b64decode
from collections.abc import Callable
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta

from ..domain.errors import Invalid
from ..domain.redaction import REDACTED


class Secret:
    """Text that no representation shows."""

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value = value

    def get_secret_value(self) -> str:
        """Return the text."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __str__(self) -> str:
        return REDACTED if self._value else ""

    def __repr__(self) -> str:
        return f"Secret({str(self)!r})"


def _check(validate: Callable[[str], str], *, has_secrets: bool = False, is_word: bool = True) -> Meta:
    """Return the metadata of a type whose values `validate` checks and normalizes.

    Args:
        has_secrets: Whether a value may contain credentials.
        is_word: Whether a value can't contain a space followed by a number sign.
    """
    return Meta(extra={"validate": validate, "has_secrets": has_secrets, "is_word": is_word})


def _validate_root_path(value: str) -> str:
    path = value.strip("/")
    if path and not re.fullmatch(r"[\w.~-]+(/[\w.~-]+)*", path, re.ASCII):
        raise ValueError("must be a path of letters, digits, dots, dashes and slashes")
    return f"/{path}" if path else ""


def _validate_url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value) or not has_host(value):
        raise ValueError("must be an http or https URL")
    return value.rstrip("/")


def _validate_url_list(value: str) -> str:
    return ",".join(map(_validate_url, split_list(value)))


def parse_repository_hosts(value: str) -> dict[str, str]:
    """Return the URL of each host in a list of `host`, `URL` and `host=URL`; raises `ValueError` for other text."""
    hosts = {}
    for item in split_list(value):
        name, _, url = item.rpartition("=")
        url = _validate_url(url if "://" in url else f"https://{url}")
        hosts[(name or urlsplit(url).hostname or "").lower()] = url
    if not all(re.fullmatch(r"[a-z0-9.-]+", name) for name in hosts):
        raise ValueError("must be host names, http or https URLs, or host=URL, separated by commas")
    return hosts


def parse_host_tokens(value: str) -> dict[str, str]:
    """Return the token of each host in a list of `host=token`; raises `ValueError` for other text."""
    pairs = [item.partition("=")[::2] for item in split_list(value)]
    if not all(re.fullmatch(r"[a-z0-9.-]+", name.lower()) and re.fullmatch(r"[!-~]+", token) for name, token in pairs):
        raise ValueError("must be host=token, separated by commas")
    return {name.lower(): token for name, token in pairs}


def _validate_repository_hosts(value: str) -> str:
    return ",".join(f"{name}={url}" for name, url in parse_repository_hosts(value).items())


def _validate_host_tokens(value: str) -> str:
    return ",".join(f"{name}={token}" for name, token in parse_host_tokens(value).items())


def _validate_url_with_query(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?(\?[^\s#]*)?", value) or not has_host(value):
        raise ValueError("must be an http or https URL")
    return value


def _validate_secret_urls(value: str) -> str:
    return ",".join(dict.fromkeys(map(_validate_url_with_query, split_list(value))))


def _validate_webhook_secrets(value: str) -> str:
    secrets = split_list(value)
    for secret in secrets:
        try:
            key = b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            key = b""
        if not secret.startswith("whsec_") or not 24 <= len(key) <= 64:
            raise ValueError(
                'must be whsec_ and 24 to 64 bytes in base64; create one: echo "whsec_$(openssl rand -base64 32)"'
            )
    return ",".join(secrets)


def _validate_proxy(value: str) -> str:
    url = value if "://" in value else f"http://{value}"
    if not re.fullmatch(r"https?://[^\s/?#]+/?", url) or not has_host(url):
        raise ValueError("must be the http or https URL of a proxy; SOCKS is not supported")
    return url.rstrip("/")


def _validate_contact_url(value: str) -> str:
    if re.fullmatch(r"[^\s@/?#:<>\"']+@[^\s@/?#:<>\"']+", value):
        return value
    try:
        return _validate_url(value)
    except ValueError:
        raise ValueError("must be an e-mail address, or an http or https URL") from None


def _validate_host(value: str) -> str:
    if re.search(r"[\s/@?#]", value) or not has_host(f"http://{to_url_host(value)}:1"):
        raise ValueError("must be a host name or an IP address, without protocol and port")
    return value


def _validate_redis_url(value: str) -> str:
    url = value if "://" in value else f"redis://{value}"
    if not re.fullmatch(r"rediss?://\S+", url):
        raise ValueError("must be host:port, or a URL that begins with redis:// or rediss://")
    if not (has_host(url) and re.fullmatch(r"/?\d*", urlsplit(url).path)):
        raise ValueError("must have a host, an optional port, and an optional database number")
    return value


def _validate_networks(value: str) -> str:
    networks = split_list(value)
    for network in networks:
        try:
            ip_network(network, strict=False)
        except ValueError:
            raise ValueError("must be IP addresses or networks such as 10.0.0.0/8, separated by commas") from None
    return ",".join(networks)


def _validate_origins(value: str) -> str:
    origins = [origin.rstrip("/") for origin in split_list(value)]
    for origin in origins:
        if origin != "*" and not (re.fullmatch(r"https?://[^\s/?#@]+", origin) and has_host(origin)):
            raise ValueError("must be origins such as https://example.org, separated by commas, or *")
    return ",".join(origins)


def _validate_crontab(value: str) -> str:
    # Most commands use no schedule, and the import takes longer than reading all settings.
    from ..domain.schedule import Schedule

    try:
        Schedule(value).validate()
    except Invalid as error:
        raise ValueError(str(error)) from error
    return value


def _validate_header_text(value: str) -> str:
    if not value.isprintable() or not value.isascii():
        raise ValueError("must be plain ASCII text, because it is sent in a header")
    return value


def _validate_header_word(value: str) -> str:
    if not re.fullmatch(r"[!-~]*", value):
        raise ValueError("must be one word of ASCII characters, because it is sent in a header")
    return value


RootPath = Annotated[str, _check(_validate_root_path)]
Url = Annotated[str, _check(_validate_url, has_secrets=True)]
UrlList = Annotated[str, _check(_validate_url_list, has_secrets=True)]
UrlWithQuery = Annotated[str, _check(_validate_url_with_query, has_secrets=True)]
SecretUrls = Annotated[str, _check(_validate_secret_urls, has_secrets=True), Meta(extra={"is_secret_list": True})]
WebhookSecrets = Annotated[Secret, _check(_validate_webhook_secrets)]
ProxyUrl = Annotated[str, _check(_validate_proxy, has_secrets=True)]
ContactUrl = Annotated[str, _check(_validate_contact_url)]
Host = Annotated[str, _check(_validate_host, has_secrets=True)]
RedisUrl = Annotated[str, _check(_validate_redis_url, has_secrets=True)]
Networks = Annotated[str, _check(_validate_networks)]
Origins = Annotated[str, _check(_validate_origins, has_secrets=True)]
Crontab = Annotated[str, _check(_validate_crontab)]
Word = Annotated[str, _check(str)]
HeaderText = Annotated[str, _check(_validate_header_text, is_word=False)]
RepositoryHosts = Annotated[str, _check(_validate_repository_hosts, has_secrets=True)]
HostTokens = Annotated[Secret, _check(_validate_host_tokens, is_word=False)]
SecretWord = Annotated[Secret, _check(_validate_header_word, is_word=False)]


def split_list(value: str) -> list[str]:
    """Split a comma-separated list, without empty items."""
    return [item.strip() for item in value.split(",") if item.strip()]


def has_host(url: str) -> bool:
    """Return whether a URL has a host and a valid port."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port out of range, or an unbalanced bracket
        return False


def to_url_host(host: str) -> str:
    """Return a host in the form that URLs need; an IPv6 address gets brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
