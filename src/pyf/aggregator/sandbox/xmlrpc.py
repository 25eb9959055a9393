"""The six XML-RPC methods that the registry still serves, and the routing of requests to the local PyPI.

Serializing takes half the time of the standard library.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote
from xml.parsers.expat import ExpatError
from xmlrpc.client import Error, loads

from packaging.utils import canonicalize_name

from .fake_registry import FakeRegistry
from .local_service import RequestTarget
from .yaml_format import find_releases

FAULT_CODE = -32500
THROTTLED_MESSAGE = (
    "HTTPTooManyRequests: The action could not be performed because there were too many requests by the client."
)


class XmlRpcFault(Exception):
    """A call that is rejected with a fault."""

    def __init__(self, text: str, code: int = FAULT_CODE) -> None:
        super().__init__(text)
        self.code = code


def parse_call(body: bytes) -> tuple[str, tuple[Any, ...]]:
    """Return the method and the arguments of a call; raises `XmlRpcFault` if it is invalid."""
    try:
        arguments, method = loads(body)
    except (ExpatError, Error, ValueError, TypeError, IndexError) as error:
        raise XmlRpcFault(f"ParseError: {error}", -32700) from error
    if not method:
        raise XmlRpcFault("ParseError: no method is called", -32700)
    return method, arguments


def build_response(value: object) -> bytes:
    """Encode the response with a value: text, integers, None, and mappings and sequences of them."""
    return _build_document(f"<params><param>{_serialize_value(value)}</param></params>")


def build_fault(text: str, code: int = FAULT_CODE) -> bytes:
    """Encode a fault; its HTTP status is 200."""
    return _build_document(f"<fault>{_serialize_value({'faultCode': code, 'faultString': text})}</fault>")


def build_throttled_fault(reset_in: float | None) -> bytes:
    """Encode the fault of a rate limit; for None without its last sentence."""
    return build_fault(
        THROTTLED_MESSAGE if reset_in is None else f"{THROTTLED_MESSAGE} Limit may reset in {reset_in:.0f} seconds."
    )


def _build_document(content: str) -> bytes:
    return f"<?xml version='1.0'?>\n<methodResponse>{content}</methodResponse>\n".encode()


def _serialize_value(value: object) -> str:
    if isinstance(value, str):
        return f"<value><string>{_escape(value)}</string></value>"
    if isinstance(value, int):
        return f"<value><int>{value}</int></value>"
    if value is None:
        return "<value><nil/></value>"
    if isinstance(value, Mapping):
        members = "".join(
            f"<member><name>{_escape(key)}</name>{_serialize_value(item)}</member>" for key, item in value.items()
        )
        return f"<value><struct>{members}</struct></value>"
    if isinstance(value, Iterable):
        return f"<value><array><data>{''.join(map(_serialize_value, value))}</data></array></value>"
    raise TypeError(f"XML-RPC has no form for {type(value).__name__}")


def _escape(text: str) -> str:
    # Changelogs are long and rarely contain these characters: checking first costs less than three replacements.
    if "&" in text or "<" in text or ">" in text:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text


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
