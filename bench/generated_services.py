"""Serve generated packages as PyPI, GitHub and ClickHouse in a process of its own, and print the settings as JSON."""

import json
import random
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Event

from bench import filler_projects
from pyf.aggregator.sandbox.downloads import DownloadTable, LocalClickHouse
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.github import LocalGitHub
from pyf.aggregator.sandbox.github_fixtures import HostedRepository
from pyf.aggregator.sandbox.pypi import LocalPyPI

_DOWNLOAD_DAYS = 40


def main(count: int, latency: float) -> None:
    """Serve until the process is stopped; every second package has a repository on GitHub."""
    rng = random.Random(1)
    newest = datetime.now(UTC).date() - timedelta(1)
    documents, repositories, downloads = [], [], {}
    for number, info in enumerate(filler_projects.generate_projects(count, seed=1)):
        path = f"generated/{info['name']}"
        if number % 2:
            info["project_urls"] = {"Source": f"https://github.com/{path}"}
            repositories.append(HostedRepository(path=path, stars=int(rng.lognormvariate(2, 2))))
        documents.append({"info": info, "last_serial": None, "releases": {"1.0": []}})
        daily_count = int(rng.lognormvariate(3, 2))
        downloads[info["name"]] = {newest - timedelta(ago): daily_count for ago in range(_DOWNLOAD_DAYS)}
    with (
        LocalPyPI(FakeRegistry(documents), latency=latency) as pypi,
        LocalGitHub(repositories, latency=latency) as github,
        LocalClickHouse(DownloadTable(downloads, newest), latency=latency) as clickhouse,
        suppress(KeyboardInterrupt),
    ):
        settings = {
            "pypi_base_url": pypi.url,
            "github_api_url": github.url,
            "github_token": github.token,
            "github_request_delay": 0,
            "clickhouse_url": clickhouse.url,
            "downloads_source": "clickhouse",
        }
        print(json.dumps(settings), flush=True)
        Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
