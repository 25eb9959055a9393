"""The six XML-RPC methods that the registry still serves."""

from typing import Any

from packaging.utils import canonicalize_name

from .ecosystem import FakeRegistry
from .routes import XmlRpcCall
from .views import find_releases
from .xmlrpc import XmlRpcFault, build_response


def handle_call(call: XmlRpcCall, registry: FakeRegistry) -> bytes:
    """Return the answer to a call; raises `Refused` for all that the registry refuses."""
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
            user_roles = [(role, p.name) for p in registry.list_projects() for role, holder in p.roles if holder == user]
            return build_response(_sort_descending(user_roles))
        case _ if call.method in _SUPPORTED_METHODS:
            raise XmlRpcFault("ParameterError: invalid parameters", -32602)
    raise XmlRpcFault(f"RuntimeError: the method {call.method} is not supported.")


_SUPPORTED_METHODS = frozenset(
    ("changelog_last_serial", "changelog_since_serial", "browse", "list_packages_with_serial", "package_roles")
) | {"user_packages"}


def _sort_descending(pairs: Any) -> list[tuple[str, str]]:
    """Owners come before maintainers, because the registry sorts roles backwards."""
    return sorted(sorted(pairs, key=lambda pair: str(pair[1])), key=lambda pair: str(pair[0]), reverse=True)
