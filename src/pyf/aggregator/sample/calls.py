"""The six XML-RPC methods that the registry still serves."""

from typing import Any

from packaging.utils import canonicalize_name

from .ecosystem import Ecosystem
from .routes import Call
from .views import browse
from .xmlrpc import Refused, response


def perform(call: Call, ecosystem: Ecosystem) -> bytes:
    """Return the answer to a call; raises `Refused` for all that the registry refuses."""
    if call.refused is not None:
        raise call.refused
    match call.method, call.arguments:
        case "changelog_last_serial", ():
            return response(ecosystem.last_serial)
        case "changelog_since_serial", (int(serial),):
            return response(ecosystem.changelog(serial))
        case "browse", (list(classifiers),) if all(isinstance(one, str) for one in classifiers):
            return response(browse(ecosystem.projects(), classifiers))
        case "list_packages_with_serial", ():
            return response({project.name: project.last_serial for project in ecosystem.projects()})
        case "package_roles", (str(name),):
            project = ecosystem.project(canonicalize_name(name))
            return response(_backwards(project.roles) if project else [])
        case "user_packages", (str(user),):
            held = [(role, p.name) for p in ecosystem.projects() for role, holder in p.roles if holder == user]
            return response(_backwards(held))
        case _ if call.method in _SERVED:
            raise Refused("ParameterError: invalid parameters", -32602)
    raise Refused(f"RuntimeError: the method {call.method} is not supported.")


_SERVED = frozenset(
    ("changelog_last_serial", "changelog_since_serial", "browse", "list_packages_with_serial", "package_roles")
) | {"user_packages"}


def _backwards(pairs: Any) -> list[tuple[str, str]]:
    """Owners come before maintainers, because the registry sorts roles backwards."""
    return sorted(sorted(pairs, key=lambda pair: str(pair[1])), key=lambda pair: str(pair[0]), reverse=True)
