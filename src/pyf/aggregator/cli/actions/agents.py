"""Serve the index to AI agents over stdin and stdout."""

from ...bootstrap import open_dependencies
from ...config.profiles import CurrentProfiles
from ...domain.errors import Invalid
from ..config import read_settings
from ..exit_codes import ExitCode


def run_mcp() -> ExitCode:
    """Serve until stdin ends."""
    try:
        from ...agents.server import build_server
    except ModuleNotFoundError as error:
        raise Invalid("pyf mcp needs the package mcp. Install it: pip install 'pyf.aggregator[mcp]'") from error
    settings = read_settings()
    with open_dependencies(settings, must_exist=True, missing_is_empty=True) as deps:
        build_server(deps, CurrentProfiles(settings.profiles_file)).run("stdio")
    return ExitCode.SUCCESS
