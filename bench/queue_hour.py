"""Replay an hour of PyPI's releases with a real Redis and worker, faster than real time; print JSON.

Redis, the worker and the registry share the cores of this machine.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from pyf.aggregator.adapters.redis import BrokerQueue, connect
from pyf.aggregator.bootstrap import open_dependencies
from pyf.aggregator.queue import app, inspect_project
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.settings import load_settings

# Releases, projects, and seconds of the replay; one project in twenty matches the profile.
RELEASES, PROJECTS, REPLAY = 5_000, 2_000, 20.0
# Seconds between two batches of releases, between two samples of the queue, and until the queue counts as stuck.
BATCH_INTERVAL, SAMPLE_INTERVAL, DRAIN_TIMEOUT = 0.1, 2.0, 40.0

Sample = dict[str, float]


def main() -> None:
    folder = Path(sys.argv[1])
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        print(json.dumps({"skipped": "neither redis-server nor valkey-server is installed"}))
        return
    registry = FakeRegistry()
    for number in range(PROJECTS):
        framework = "Plone" if number % 20 == 0 else "Django"
        registry.publish(f"p{number}", "1.0", info={"classifiers": [f"Framework :: {framework}"]}, files=["wheel"])
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with LocalPyPI(registry) as pypi:
        os.environ |= {
            "REDIS_HOST": f"127.0.0.1:{port}",
            "PYPI_BASE_URL": pypi.url,
            "SQLITE_PATH": str(folder / "hour.sqlite3"),
            "RENDER_WORKERS": "1",
        }
        _run_command("pyf.aggregator.cli.documented.aggregator", "-f", "-p", "plone")
        with (
            _run_process([program, "--port", str(port), "--save", "", "--dir", str(folder)]),
            _run_process([sys.executable, "-m", "celery", "-A", "pyf.aggregator.queue", "worker", "--loglevel=error"]),
        ):
            samples = _replay(registry)
        document_count, expected_count = _count_documents(), _count_profile_releases(registry)
    counts = {"documents": document_count, "expected": expected_count}
    print(json.dumps({"samples": samples, "releases": RELEASES, "replay": REPLAY, **counts}))
    sys.exit(0 if document_count == expected_count else 1)


def _count_profile_releases(registry: FakeRegistry) -> int:
    return sum(len(project.releases) for project in registry.list_projects() if int(project.name[1:]) % 20 == 0)


def _count_documents() -> int:
    with open_dependencies(load_settings()) as deps:
        return sum(collection.documents for collection in deps.admin.list_collections())


def _replay(registry: FakeRegistry) -> list[Sample]:
    """Publish the releases evenly over the replay, enqueue a task for each, and sample the queue until it is empty."""
    inspect_project.delay({"package_id": "p1"}).get(timeout=60)  # wait for the worker
    rng, published, samples = Random(1), 0, []
    with connect(load_settings().redis_url) as redis, app.producer_or_acquire() as producer:
        queue, start = BrokerQueue(redis), time.monotonic()
        while True:
            seconds = time.monotonic() - start
            while published < min(RELEASES, RELEASES * seconds / REPLAY):
                name, version = f"p{rng.randrange(PROJECTS)}", f"2.{published}"
                registry.publish(name, version, files=["wheel"])
                inspect_project.apply_async([{"package_id": name, "release_id": version}], producer=producer)
                published += 1
            waiting, unacked = queue.get_lengths()
            is_over = published == RELEASES and waiting + unacked == 0
            if is_over or seconds >= len(samples) * SAMPLE_INTERVAL:
                samples.append({"seconds": seconds, "published": published, "waiting": waiting, "unacked": unacked})
            if is_over:
                return samples
            if seconds > REPLAY + DRAIN_TIMEOUT:
                raise SystemExit(f"the queue did not drain: {samples[-1]}")
            time.sleep(BATCH_INTERVAL)


def _run_command(module: str, *arguments: str) -> None:
    devnull = subprocess.DEVNULL
    subprocess.run([sys.executable, "-m", module, *arguments], check=True, stdout=devnull, stderr=devnull)


@contextmanager
def _run_process(command: list[str]) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
