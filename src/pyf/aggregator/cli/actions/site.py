"""Write the web site as files."""

from collections.abc import Sequence
from pathlib import Path

import click
from msgspec.structs import replace

from ...bootstrap import open_dependencies
from ...config.profiles import CurrentProfiles
from ...settings.types import has_host
from ...web.static_site import build_static_site
from ..config import read_settings
from ..exit_codes import ExitCode
from ..output import print_line


def run_build(folder: Path, base_url: str, targets: Sequence[str]) -> ExitCode:
    """Write the site of some collections, or of all, into a folder."""
    if not base_url.startswith(("http://", "https://")) or {"?", "#"} & set(base_url) or not has_host(base_url):
        raise click.UsageError(f"--base-url: {base_url!r} is not a URL, such as https://packages.example.org")
    settings = replace(read_settings(), web_url=base_url.rstrip("/"))
    with open_dependencies(settings, must_exist=True) as deps:
        report = build_static_site(deps, CurrentProfiles(settings.profiles_file), settings, folder, targets)
    print_line(f"{report.files:,} files in {folder}: {report.changed:,} changed, {report.removed:,} removed")
    return ExitCode.SUCCESS
