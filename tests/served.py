"""Serves a site over real HTTP, in a thread, on a free port of this machine."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn

from pyf.aggregator.adapters.profiles import load_profiles
from pyf.aggregator.cli.serve_run import configured, listening_at
from pyf.aggregator.domain.profile import Profile
from pyf.aggregator.ports import Services
from pyf.aggregator.settings import load_settings
from pyf.aggregator.web.app import make_app
from shell import wait_until


@contextmanager
def served(
    services: Services, profiles: Mapping[str, Profile] | None = None, **settings: Any
) -> Iterator[httpx.Client]:
    """Give a client of a server of these services; its base address is the server's."""
    chosen = load_settings(_env_file=None, **settings)
    app = make_app(services, load_profiles() if profiles is None else profiles, chosen)
    listening = listening_at("127.0.0.1", 0)
    server = uvicorn.Server(configured(app, chosen))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        wait_until(lambda: server.started)
        with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}") as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
