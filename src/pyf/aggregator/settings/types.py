"""Types of settings that check the text of a value; a ValueError names the form that is expected."""

import re
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from ..domain.errors import Invalid
from ..domain.schedule import Schedule


def _validate_url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value) or not has_host(value):
        raise ValueError("must be an http or https URL")
    return value.rstrip("/")


def _validate_optional_url(value: str) -> str:
    return _validate_url(value) if value else value


def _validate_url_list(value: str) -> str:
    return ",".join(map(_validate_url, split_list(value)))


def _validate_url_with_query(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?(\?[^\s#]*)?", value) or not has_host(value):
        raise ValueError("must be an http or https URL")
    return value


def _validate_proxy(value: str) -> str:
    url = value if "://" in value or not value else f"http://{value}"
    if url and (not re.fullmatch(r"https?://[^\s/?#]+/?", url) or not has_host(url)):
        raise ValueError("must be the http or https URL of a proxy; SOCKS is not supported")
    return url.rstrip("/")


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
        ip_network(network, strict=False)
    return ",".join(networks)


def _validate_origins(value: str) -> str:
    origins = [origin.rstrip("/") for origin in split_list(value)]
    for origin in origins:
        if origin != "*" and not (re.fullmatch(r"https?://[^\s/?#@]+", origin) and has_host(origin)):
            raise ValueError(f"{origin} is not an origin; an origin looks like https://example.org")
    return ",".join(origins)


def _validate_crontab(value: str) -> str:
    try:
        Schedule(value).validate()
    except Invalid as error:
        raise ValueError(str(error)) from error
    return value


def _validate_header_text(value: str) -> str:
    if not value.isprintable() or not value.isascii():
        raise ValueError("must be plain ASCII text, because it is sent in a header")
    return value


def _validate_header_word(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]*", value.get_secret_value()):
        raise ValueError("must be one word of ASCII characters, because it is sent in a header")
    return value


Url = Annotated[str, AfterValidator(_validate_url)]
OptionalUrl = Annotated[str, AfterValidator(_validate_optional_url)]
UrlList = Annotated[str, AfterValidator(_validate_url_list)]
UrlWithQuery = Annotated[str, AfterValidator(_validate_url_with_query)]
ProxyUrl = Annotated[str, AfterValidator(_validate_proxy)]
Host = Annotated[str, AfterValidator(_validate_host)]
RedisUrl = Annotated[str, AfterValidator(_validate_redis_url)]
Networks = Annotated[str, AfterValidator(_validate_networks)]
Origins = Annotated[str, AfterValidator(_validate_origins)]
Crontab = Annotated[str, AfterValidator(_validate_crontab)]
HeaderText = Annotated[str, AfterValidator(_validate_header_text)]
SecretWord = Annotated[SecretStr, AfterValidator(_validate_header_word)]


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
