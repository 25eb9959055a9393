"""How long questions take over HTTP: `pyfserve` as a process of its own, asked by several clients at once."""

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

from msgspec import to_builtins

from pyf.aggregator.domain.search import Question

CLIENTS = 8


def times(path: Path, collection: str, questions: Sequence[Question], workers: int) -> list[float]:
    """Return the seconds that each answer took, facets included, where the clients share the questions."""
    asked = [f"/api/v1/profiles/{collection}/search?{urlencode(_told(each), doseq=True)}" for each in questions]
    taken: list[float] = []
    with _serving(path, workers) as address:

        def ask(number: int) -> None:
            connection = http.client.HTTPConnection(address)
            for each in asked[number::CLIENTS]:
                started = time.perf_counter()
                connection.request("GET", each, headers={"accept-encoding": "gzip"})
                answer = connection.getresponse()
                answer.read()
                taken.append(time.perf_counter() - started)
                assert answer.status == 200, (answer.status, each)

        clients = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    assert len(taken) == len(asked)
    return taken


def _told(question: Question) -> list[tuple[str, object]]:
    return [(name, value) for name, value in to_builtins(question).items() if value not in (None, "", [], ())]


@contextmanager
def _serving(path: Path, workers: int) -> Iterator[str]:
    """Give the host and port of a server of an index file."""
    settings = {"SQLITE_PATH": str(path), "INDEX_BACKEND": "sqlite", "WEB_RATE_LIMIT": "0"}
    with subprocess.Popen(
        [sys.executable, "-m", "pyf.aggregator.cli.serve", "--port", "0", "--workers", str(workers)],
        env={**os.environ, **settings},
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stderr is not None
        found = None
        while found is None:
            line = server.stderr.readline()
            assert line, "the server has ended"
            found = re.search(r"Serving at (\S+);", line)
        try:
            yield urlsplit(found[1]).netloc
        finally:
            server.terminate()
