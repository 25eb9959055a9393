"""Select the proxy of a URL, as curl, pip and other programs do with the same settings."""

from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from msgspec import Struct

_DEFAULT_PORTS = {"http": 80, "https": 443}


class Proxies(Struct, frozen=True, kw_only=True):
    """Proxies by protocol of the requested URL.

    Attributes:
        http: URL of the proxy for http URLs, "" for none.
        https: URL of the proxy for https URLs, "" for none.
        exceptions: Hosts that are requested without a proxy, separated by commas: names with their subdomains, IP
            addresses and networks, each with an optional port; `*` for all.
    """

    http: str = ""
    https: str = ""
    exceptions: str = ""

    def find(self, url: str) -> str | None:
        """Return the URL of the proxy for a URL, None for a direct connection."""
        parts = urlsplit(url)
        proxy = {"http": self.http, "https": self.https}.get(parts.scheme, "")
        host, port = parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
        return None if not proxy or self._is_exception(host.lower().rstrip("."), port) else proxy

    def _is_exception(self, host: str, port: int) -> bool:
        return any(
            pattern == "*" or (pattern_port in ("", str(port)) and _matches(pattern, host))
            for pattern, pattern_port in self._parse_exceptions()
        )

    def _parse_exceptions(self) -> Iterator[tuple[str, str]]:
        for item in self.exceptions.lower().split(","):
            pattern, port = item.strip(), ""
            if pattern.startswith("["):
                pattern, _, port = pattern[1:].partition("]")
            elif pattern.count(":") == 1:
                pattern, _, port = pattern.partition(":")
            if pattern:
                yield pattern.rstrip("."), port.removeprefix(":")


def _matches(pattern: str, host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host) in ip_network(pattern, strict=False)
    name = pattern.removeprefix("*").removeprefix(".")
    return host == name or host.endswith(f".{name}")
