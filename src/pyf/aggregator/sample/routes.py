"""Which of the registry's addresses a request is for."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from packaging.utils import canonicalize_name

from .server import RequestTarget
from .xmlrpc import XmlRpcFault, parse_call

_CALL_KINDS = {"browse": "browse", "changelog_since_serial": "changelog", "changelog_last_serial": "last_serial"}


@dataclass(frozen=True, slots=True)
class XmlRpcCall:
    """An XML-RPC call, or what is wrong with it."""

    method: str = ""
    arguments: tuple[Any, ...] = ()
    error: XmlRpcFault | None = None


@dataclass(frozen=True, slots=True)
class PyPITarget(RequestTarget):
    """A request's subject; `path` is without its query, `asked` the project's name as the client spelled it."""

    path: str = ""
    requested_name: str = ""
    version: str = ""
    call: XmlRpcCall | None = None


def parse_pypi_target(method: str, raw_path: str, body: bytes) -> PyPITarget:
    """Return what a request is about; its kind is "other" where nothing is served."""
    path = raw_path.partition("?")[0]
    if "%" in path:
        path = unquote(path)
    if method == "POST":
        return _parse_call_target(path, body) if path in ("/pypi", "/pypi/") else PyPITarget("other", path=path)
    if method not in ("GET", "HEAD"):
        return PyPITarget("other", path=path)
    match path.split("/")[1:]:
        case ["simple"] | ["simple", ""]:
            return PyPITarget("simple_index", path=path)
        case ["simple", name] | ["simple", name, ""]:
            return PyPITarget("simple_page", canonicalize_name(name), path=path, requested_name=name)
        case ["pypi", name, "json"] | ["pypi", name, "json", ""]:
            return PyPITarget("project", canonicalize_name(name), path=path, requested_name=name)
        case ["pypi", name, version, "json"] | ["pypi", name, version, "json", ""]:
            return PyPITarget("release", canonicalize_name(name), path=path, requested_name=name, version=version)
        case ["rss", "updates.xml" | "packages.xml"]:
            return PyPITarget("rss", path=path)
    return PyPITarget("other", path=path)


def _parse_call_target(path: str, body: bytes) -> PyPITarget:
    try:
        method, arguments = parse_call(body)
    except XmlRpcFault as error:
        return PyPITarget("other", path=path, call=XmlRpcCall(error=error))
    return PyPITarget(_CALL_KINDS.get(method, "other"), path=path, call=XmlRpcCall(method, arguments))
