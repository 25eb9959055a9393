"""The MCP server, over stdio and over streamable HTTP, on the official SDK."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

from .. import __version__
from ..domain.errors import AggregatorError
from ..domain.membership.profile import Profile
from ..ports import Dependencies
from .tools import Tools

_INSTRUCTIONS = """\
An index of every package of Python frameworks (such as Django, Plone, Flask, FastAPI), from PyPI, with health scores,
download counts and repository data. Search it before you recommend a package, and check requirements before you plan an
upgrade. Answers come from published metadata: cite the evidence, and say so where they are unknown."""


def build_server(deps: Dependencies, profiles: Mapping[str, Profile]) -> MCPServer[Any]:
    """Build a server with all tools; `deps` must stay open while it runs. All tools only read."""
    server: MCPServer[Any] = MCPServer(
        "pyf.aggregator",
        title="Packages by framework",
        instructions=_INSTRUCTIONS,
        version=__version__,
        log_level="WARNING",
    )
    for function in Tools(deps, profiles).functions:
        server.add_tool(
            _translate_errors(function),
            annotations=ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False),
        )
    return server


def _translate_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a tool whose expected failures are one line for the agent."""

    @wraps(function)
    def call(*arguments: Any, **keywords: Any) -> Any:
        try:
            return function(*arguments, **keywords)
        except AggregatorError as error:
            raise ToolError(str(error)) from error

    return call
