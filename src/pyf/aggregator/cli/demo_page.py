"""The page at the end of `pyfdemo`: `pyfserve` as a process of its own, looked at once before anybody is sent there."""

import os
import subprocess
import sys
import time
import webbrowser
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import click

from ..settings import Settings

# Seconds that the server has to answer, and to end.
_SERVER_TIMEOUT = 60
_POLL_INTERVAL = 0.05


@contextmanager
def serve_pages(folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Serve the page of an index for as long as it is wanted, and give its address.

    Raises `ClickException` with what the server said where it does not answer.
    """
    log_path = folder / "pyfserve.log"
    base_environment = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    with log_path.open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "pyf.aggregator.cli.serve", "--port", "0"],
            cwd=folder,
            env={**base_environment, **environment},
            stderr=log,
        )
    try:
        yield _wait_for_url(server, log_path)
    finally:
        server.terminate()
        server.wait(_SERVER_TIMEOUT)


def check_pages(base_url: str, paths: Iterable[str]) -> int:
    """Read pages of the site as a browser does, and return how many; raises `ClickException` for one that fails."""
    count = 0
    for path in paths:
        try:
            with urlopen(f"{base_url.rstrip('/')}{path}", timeout=_SERVER_TIMEOUT) as response:  # noqa: S310 - it is ours
                is_page = b"</html>" in response.read()
        except URLError as error:
            raise click.ClickException(f"the page {path} does not answer: {error}") from error
        if not is_page:
            raise click.ClickException(f"the page {path} is not whole")
        count += 1
    return count


def open_in_browser(url: str) -> bool:
    """Open the page where somebody sits at a screen; returns whether that was so."""
    has_screen = sys.platform in ("darwin", "win32") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    return has_screen and sys.stdout.isatty() and webbrowser.open(url)


def _wait_for_url(server: subprocess.Popen[bytes], log_path: Path) -> str:
    """Wait for the server to say where it is."""
    deadline = time.monotonic() + _SERVER_TIMEOUT
    while time.monotonic() < deadline:
        text = log_path.read_text("utf-8")
        _, separator, rest = text.partition("Serving at ")
        if separator and ";" in rest:
            return rest.partition(";")[0]
        if server.poll() is not None:
            break
        time.sleep(_POLL_INTERVAL)
    last_line = (log_path.read_text("utf-8").strip().splitlines() or ["nothing was said"])[-1]
    raise click.ClickException(f"the page can't be served: {last_line}")
