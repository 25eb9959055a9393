"""Duration of searches over HTTP: several concurrent clients against a `pyfserve` process."""

import http.client
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from pyf.aggregator.domain.search import SearchQuery
from pyf.aggregator.web.urls import to_filter_pairs

CLIENTS = 8


def measure_times(path: Path, collection: str, queries: Sequence[SearchQuery], workers: int) -> list[float]:
    """Return the duration of each response, facets included; the clients share the queries."""
    paths = [f"/api/v1/collections/{collection}/search?{urlencode(_to_query_pairs(query))}" for query in queries]
    durations: list[float] = []
    with _serve_index(path, workers) as netloc:

        def send_requests(number: int) -> None:
            connection = http.client.HTTPConnection(netloc)
            for path in paths[number::CLIENTS]:
                start = time.perf_counter()
                connection.request("GET", path, headers={"accept-encoding": "gzip"})
                response = connection.getresponse()
                response.read()
                durations.append(time.perf_counter() - start)
                assert response.status == 200, (response.status, path)

        clients = [threading.Thread(target=send_requests, args=(number,)) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    assert len(durations) == len(paths)
    return durations


def _to_query_pairs(query: SearchQuery) -> list[tuple[str, object]]:
    return [*to_filter_pairs(query), ("sort", query.sort.value), ("page", query.page), ("per_page", query.per_page)]


@contextmanager
def _serve_index(path: Path, workers: int) -> Iterator[str]:
    """Serve an index file; yield host and port."""
    settings = {"SQLITE_PATH": str(path), "INDEX_BACKEND": "sqlite", "WEB_RATE_LIMIT": "0"}
    with subprocess.Popen(
        [sys.executable, "-m", "pyf.aggregator.cli.commands.serve", "--port", "0", "--workers", str(workers)],
        env={**os.environ, **settings},
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stderr is not None
        match = None
        while match is None:
            line = server.stderr.readline()
            assert line, "the server has ended"
            match = re.search(r"Serving at (\S+);", line)
        # A full pipe would stop the server, which logs every request.
        threading.Thread(target=server.stderr.read, daemon=True).start()
        try:
            yield urlsplit(match[1]).netloc
        finally:
            server.terminate()
