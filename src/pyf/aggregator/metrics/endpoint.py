"""Serves metrics where nothing else is served: by a worker, on `METRICS_PORT`."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import start_http_server

from ..domain.errors import Invalid
from .collectors import Metrics


@contextmanager
def serve_metrics(metrics: Metrics, *, host: str, port: int) -> Iterator[None]:
    """Answer `/metrics` on a port as long as the context lasts; raises `Invalid` for one that can't be had."""
    try:
        server, thread = start_http_server(port, host, metrics.registry)
    except OSError as error:
        raise Invalid(f"METRICS_PORT={port}: metrics can't be served on {host}: {error.strerror}") from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
