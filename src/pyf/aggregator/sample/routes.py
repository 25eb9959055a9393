"""Which of the registry's addresses a request is for."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from packaging.utils import canonicalize_name

from .server import Target
from .xmlrpc import Refused, call_of

_CALLS = {"browse": "browse", "changelog_since_serial": "changelog", "changelog_last_serial": "last_serial"}


@dataclass(frozen=True, slots=True)
class Call:
    """An XML-RPC call, or what is wrong with it."""

    method: str = ""
    arguments: tuple[Any, ...] = ()
    refused: Refused | None = None


@dataclass(frozen=True, slots=True)
class PyPITarget(Target):
    """A request's subject; `path` is without its query, `asked` the project's name as the client spelled it."""

    path: str = ""
    asked: str = ""
    version: str = ""
    call: Call | None = None


def target_of(method: str, raw_path: str, body: bytes) -> PyPITarget:
    """Return what a request is about; its kind is "other" where nothing is served."""
    path = raw_path.partition("?")[0]
    if "%" in path:
        path = unquote(path)
    if method == "POST":
        return _call(path, body) if path in ("/pypi", "/pypi/") else PyPITarget("other", path=path)
    if method not in ("GET", "HEAD"):
        return PyPITarget("other", path=path)
    match path.split("/")[1:]:
        case ["simple"] | ["simple", ""]:
            return PyPITarget("simple_index", path=path)
        case ["simple", name] | ["simple", name, ""]:
            return PyPITarget("simple_page", canonicalize_name(name), path=path, asked=name)
        case ["pypi", name, "json"] | ["pypi", name, "json", ""]:
            return PyPITarget("project", canonicalize_name(name), path=path, asked=name)
        case ["pypi", name, version, "json"] | ["pypi", name, version, "json", ""]:
            return PyPITarget("release", canonicalize_name(name), path=path, asked=name, version=version)
        case ["rss", "updates.xml" | "packages.xml"]:
            return PyPITarget("rss", path=path)
    return PyPITarget("other", path=path)


def _call(path: str, body: bytes) -> PyPITarget:
    try:
        method, arguments = call_of(body)
    except Refused as refused:
        return PyPITarget("other", path=path, call=Call(refused=refused))
    return PyPITarget(_CALLS.get(method, "other"), path=path, call=Call(method, arguments))
