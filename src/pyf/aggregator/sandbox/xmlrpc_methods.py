"""Routing of requests to the local PyPI, and the six XML-RPC methods that the registry still serves."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from packaging.utils import canonicalize_name

from .fake_registry import FakeRegistry
from .local_service import RequestTarget
from .serializers import find_releases
from .xmlrpc import XmlRpcFault, build_response, parse_call

_CALL_KINDS = {"browse": "browse", "changelog_since_serial": "changelog", "changelog_last_serial": "last_serial"}


@dataclass(frozen=True, slots=True)
class XmlRpcCall:
    """An XML-RPC call, or its error."""

    method: str = ""
    arguments: tuple[Any, ...] = ()
    error: XmlRpcFault | None = None


@dataclass(frozen=True, slots=True)
class PyPITarget(RequestTarget):
    """The subject of a request: `path` without query, `requested_name` as the client spelled it."""

    path: str = ""
    requested_name: str = ""
    version: str = ""
    call: XmlRpcCall | None = None


def parse_pypi_target(method: str, raw_path: str, body: bytes) -> PyPITarget:
    """Return the subject of a request; its kind is "other" for an unknown URL."""
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


def handle_call(call: XmlRpcCall, registry: FakeRegistry) -> bytes:
    """Return the result of a call; raises `XmlRpcFault` if the registry rejects it."""
    if call.error is not None:
        raise call.error
    match call.method, call.arguments:
        case "changelog_last_serial", ():
            return build_response(registry.last_serial)
        case "changelog_since_serial", (int(serial),):
            return build_response(registry.get_changes(serial))
        case "browse", (list(classifiers),) if all(isinstance(classifier, str) for classifier in classifiers):
            return build_response(find_releases(registry.list_projects(), classifiers))
        case "list_packages_with_serial", ():
            return build_response({project.name: project.last_serial for project in registry.list_projects()})
        case "package_roles", (str(name),):
            project = registry.get_project(canonicalize_name(name))
            return build_response(_sort_descending(project.roles) if project else [])
        case "user_packages", (str(user),):
            user_roles = [
                (role, p.name) for p in registry.list_projects() for role, holder in p.roles if holder == user
            ]
            return build_response(_sort_descending(user_roles))
        case _ if call.method in _SUPPORTED_METHODS:
            raise XmlRpcFault("ParameterError: invalid parameters", -32602)
    raise XmlRpcFault(f"RuntimeError: the method {call.method} is not supported.")


_SUPPORTED_METHODS = frozenset(
    ("changelog_last_serial", "changelog_since_serial", "browse", "list_packages_with_serial", "package_roles")
) | {"user_packages"}


def _sort_descending(pairs: Any) -> list[tuple[str, str]]:
    """Return the roles; owners come before maintainers, because the registry sorts roles in reverse."""
    return sorted(sorted(pairs, key=lambda pair: str(pair[1])), key=lambda pair: str(pair[0]), reverse=True)
