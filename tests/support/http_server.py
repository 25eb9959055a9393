"""Serve a site over HTTP in a thread, on a free loopback port."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn

from pyf.aggregator.cli.actions.serving import bind_socket, build_uvicorn_config
from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.domain.membership.profile import Profile
from pyf.aggregator.ports import Dependencies
from pyf.aggregator.settings import load_settings
from pyf.aggregator.web.app import create_app
from pyf.aggregator.web.connections import BoundedHttpProtocol, ConnectionLimits
from support.waiting import wait_until


@contextmanager
def serve_app(
    deps: Dependencies,
    profiles: Mapping[str, Profile] | None = None,
    *,
    limits: ConnectionLimits | None = None,
    **settings: Any,
) -> Iterator[httpx.Client]:
    """Yield an HTTP client whose base URL is a server of these dependencies."""
    app_settings = load_settings(**settings)
    app = create_app(deps, load_profiles() if profiles is None else profiles, app_settings)
    server_socket = bind_socket("127.0.0.1", 0)
    config = build_uvicorn_config(app, app_settings)
    if limits is not None:
        config.http = type("LimitedProtocol", (BoundedHttpProtocol,), {"limits": limits})
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [server_socket]})
    thread.start()
    try:
        wait_until(lambda: server.started)
        # The URL is not HTTPS; reading the certificates takes longer than most requests.
        with httpx.Client(base_url=f"http://127.0.0.1:{server_socket.getsockname()[1]}", verify=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        server_socket.close()
