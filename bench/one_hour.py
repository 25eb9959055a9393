"""An hour of PyPI's releases through a real Redis and a real worker, faster than real time; prints JSON.

Redis, the worker and the registry are processes of their own, and share this machine's cores.
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

from pyf.aggregator.adapters.redis import RedisQueue, connected
from pyf.aggregator.bootstrap import open_services
from pyf.aggregator.queue import app, inspect_project
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.services import LocalPyPI
from pyf.aggregator.settings import load_settings

# So many releases of so many projects in so many seconds; one project in twenty is in the profile.
RELEASES, PROJECTS, REPLAY = 5_000, 2_000, 20.0
# Seconds: between two batches of releases, between two looks at the queue, and until it counts as stuck.
STEP, LOOK, PATIENCE = 0.1, 2.0, 40.0

Sample = dict[str, float]


def main() -> None:
    folder = Path(sys.argv[1])
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        print(json.dumps({"skipped": "neither redis-server nor valkey-server is installed"}))
        return
    ecosystem = Ecosystem()
    for number in range(PROJECTS):
        framework = "Plone" if number % 20 == 0 else "Django"
        ecosystem.publish(f"p{number}", "1.0", info={"classifiers": [f"Framework :: {framework}"]}, files=["wheel"])
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with LocalPyPI(ecosystem) as pypi:
        os.environ |= {
            "REDIS_HOST": f"127.0.0.1:{port}",
            "PYPI_BASE_URL": pypi.url,
            "SQLITE_PATH": str(folder / "hour.sqlite3"),
            "RENDER_WORKERS": "1",
        }
        _command("pyf.aggregator.cli.aggregator", "-f", "-p", "plone")
        with (
            _running([program, "--port", str(port), "--save", "", "--dir", str(folder)]),
            _running([sys.executable, "-m", "celery", "-A", "pyf.aggregator.queue", "worker", "--loglevel=error"]),
        ):
            samples = _replayed(ecosystem)
        held, due = _documents(), _releases_of_the_profile(ecosystem)
    print(json.dumps({"samples": samples, "releases": RELEASES, "replay": REPLAY, "held": held, "due": due}))
    sys.exit(0 if held == due else 1)


def _releases_of_the_profile(ecosystem: Ecosystem) -> int:
    return sum(len(project.releases) for project in ecosystem.projects() if int(project.name[1:]) % 20 == 0)


def _documents() -> int:
    with open_services(load_settings()) as services:
        return sum(collection.documents for collection in services.admin.collections())


def _replayed(ecosystem: Ecosystem) -> list[Sample]:
    """Publish the releases evenly over the time of the replay, queue a look at each, and watch the queue drain."""
    inspect_project.delay({"package_id": "p1"}).get(timeout=60)  # the worker is there
    chance, published, samples = Random(1), 0, []
    with connected(load_settings().redis_url) as redis, app.producer_or_acquire() as producer:
        queue, start = RedisQueue(redis), time.monotonic()
        while True:
            seconds = time.monotonic() - start
            while published < min(RELEASES, RELEASES * seconds / REPLAY):
                name, version = f"p{chance.randrange(PROJECTS)}", f"2.{published}"
                ecosystem.publish(name, version, files=["wheel"])
                inspect_project.apply_async([{"package_id": name, "release_id": version}], producer=producer)
                published += 1
            waiting, in_hand = queue.lengths()
            is_over = published == RELEASES and waiting + in_hand == 0
            if is_over or seconds >= len(samples) * LOOK:
                samples.append({"seconds": seconds, "published": published, "waiting": waiting, "in_hand": in_hand})
            if is_over:
                return samples
            if seconds > REPLAY + PATIENCE:
                raise SystemExit(f"the queue did not drain: {samples[-1]}")
            time.sleep(STEP)


def _command(module: str, *arguments: str) -> None:
    quiet = subprocess.DEVNULL
    subprocess.run([sys.executable, "-m", module, *arguments], check=True, stdout=quiet, stderr=quiet)


@contextmanager
def _running(command: list[str]) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
