"""`make relevance`: the share of judged queries that find what they should, by kind; fails below the gates."""

import argparse
import gzip
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import judged, noise
from pyf.aggregator.adapters.profiles import load_profiles
from pyf.aggregator.bootstrap import open_services
from pyf.aggregator.domain.downloads import Downloads, recorded
from pyf.aggregator.domain.profile import Filter
from pyf.aggregator.domain.project import normalized
from pyf.aggregator.domain.search import Question
from pyf.aggregator.ports import Services
from pyf.aggregator.settings import load_settings
from pyf.aggregator.usecases.fetch import fetch
from pyf.aggregator.usecases.search import search
from pyf.aggregator.usecases.target import Target

REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "data"
NOISE = 3_000
TOGETHER = "relevance"
# When the program runs, in Unix seconds: what is current then is current whenever this is run.
NOW = 1_790_000_000
UPLOADED = "2026-06-01T12:00:00Z"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make relevance", description=__doc__)
    parser.add_argument("--misses", action="store_true", help="print the queries that do not pass, and what came first")
    asked = parser.parse_args()
    console = Console(width=150)
    if not (REFERENCE / "relevance").is_dir():
        console.print("Skipped: the judged queries and their projects are not on this machine.")
        return
    documents = judged.projects(REFERENCE / "relevance")
    with TemporaryDirectory(prefix="relevance-") as temporary:
        file = Path(temporary) / "projects.jsonl"
        _write(file, documents)
        with _service(file) as url:
            settings = load_settings(
                sqlite_path=str(Path(temporary) / "index.sqlite3"), pypi_base_url=url, index_backend="sqlite"
            )
            with open_services(settings) as services:
                below = _measured(console, "sqlite", services, documents, show_misses=asked.misses)
    if below:
        console.print(f"Below the gate: {', '.join(below)}")
        sys.exit(1)


def _measured(
    console: Console, engine: str, services: Services, documents: list[dict[str, Any]], *, show_misses: bool
) -> list[str]:
    """Fill the collections of an engine, ask everything, print the shares; return the kinds below their gates."""
    started = time.perf_counter()
    downloads = {
        normalized(each["info"]["name"]): recorded(
            Downloads(last_month=each["downloads_last_month"]), source="pypistats", now=NOW
        )
        for each in documents
        if each["downloads_last_month"] is not None
    }
    _fill(services, Target(collection=TOGETHER, filter=Filter(everything=True)), downloads)
    profiles = load_profiles()
    held = {normalized(each["info"]["name"]) for each in documents}
    queries = list(judged.queries(REFERENCE / "relevance", held))
    for profile in {each.profile for each in queries}:
        _fill(services, Target(collection=profile, filter=profiles[profile].filter), downloads)
    filled = time.perf_counter() - started
    shown = console if show_misses else None

    def in_profile(each: judged.Judged) -> Target:
        return Target(collection=TOGETHER, filter=profiles[each.profile].filter)

    together = _shares(services, queries, in_profile, None)
    unsaid = _shares(services, queries, lambda _: Target(collection=TOGETHER), shown)
    apart = _shares(services, queries, lambda each: Target(collection=each.profile), None)
    ours = list(judged.own_queries(held))
    own = _shares(services, ours, in_profile, None)
    own_unsaid = _shares(services, ours, lambda _: Target(collection=TOGETHER), shown)
    extra = _shares(services, judged.derived(held, seed=1), lambda _: Target(collection=TOGETHER), shown)
    table = Table(title=f"{engine}: {len(held)} projects among {NOISE:,} others", title_justify="left")
    for column in ("kind", "queries", "gate", "framework known", "verbatim", "through each profile"):
        table.add_column(column, justify="left" if column == "kind" else "right")
    for kind, gate in judged.GATES.items():
        table.add_row(
            kind,
            str(together[kind][1]),
            f"{gate}%",
            _percent(together[kind]),
            _percent(unsaid[kind]),
            _percent(apart[kind]),
        )
    for kind, share in own.items():
        table.add_row(kind, str(share[1]), "-", _percent(share), _percent(own_unsaid[kind]), "-")
    for kind, share in extra.items():
        table.add_row(kind, str(share[1]), "-", "-", _percent(share), "-")
    console.print(table)
    console.print(f"Filled in {filled:.0f} s.")
    below = [kind for kind, gate in judged.GATES.items() if not _reaches(together[kind], gate)]
    return below + [f"{kind} verbatim" for kind, gate in judged.GATES.items() if not _reaches(unsaid[kind], gate)]


def _percent(share: tuple[int, int]) -> str:
    return f"{100 * share[0] / share[1]:.0f}%"


def _reaches(share: tuple[int, int], gate: int) -> bool:
    return 100 * share[0] >= gate * share[1]


def _shares(
    services: Services,
    queries: Iterable[judged.Judged],
    target_of: Callable[[judged.Judged], Target],
    console: Console | None,
) -> dict[str, tuple[int, int]]:
    passed: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for each in queries:
        found = search(services, target_of(each), Question(text=each.text, per_page=10))
        names = [hit.name_normalized for hit in found.hits]
        asked[each.kind] += 1
        passed[each.kind] += each.passes(names)
        if console and not each.passes(names):
            missing = sorted(each.top3 - set(names[:3]) | each.top10 - set(names))
            console.print(f"{each.kind} ({each.profile}) {each.text!r}: not {missing}, of {found.total}: {names[:6]}")
    return {kind: (passed[kind], asked[kind]) for kind in asked}


def _fill(services: Services, target: Target, downloads: dict[str, Any]) -> None:
    report = fetch(services, target, default=target.filter or Filter())
    if not report.is_whole:
        sys.exit(f"{target.collection} could not be filled: {report.as_mapping()}")
    services.index.update(target.collection, downloads)


def _write(file: Path, documents: list[dict[str, Any]]) -> None:
    """Write the judged projects and the others in the shape of PyPI's JSON, each with a file to install."""
    taken = {normalized(each["info"]["name"]) for each in documents}
    with file.open("w") as target:
        for each in documents:
            target.write(json.dumps(_document(each["info"])) + "\n")
        others = 0
        for document in _others():
            name = normalized(document["info"]["name"])
            if name not in taken and others < NOISE:
                taken.add(name)
                others += 1
                target.write(json.dumps(document | {"last_serial": None}) + "\n")


def _others() -> Iterator[dict[str, Any]]:
    for name in ("napari-projects.jsonl.gz", "plone-derived.jsonl.gz"):
        with gzip.open(REFERENCE / "pypi" / name, "rt") as lines:
            for line in lines:
                document = json.loads(line)
                newest = document["info"]["version"]
                yield document | {"releases": {newest: document["releases"].get(newest, [])}}
    yield from map(_document, noise.projects(NOISE, seed=1))


def _document(info: dict[str, Any]) -> dict[str, Any]:
    name, version = info["name"].replace("-", "_").replace(".", "_"), info["version"]
    file = {
        "filename": f"{name}-{version}-py3-none-any.whl",
        "packagetype": "bdist_wheel",
        "size": 10_000,
        "upload_time_iso_8601": UPLOADED,
        "url": f"https://files.pypi.example/{name}-{version}-py3-none-any.whl",
        "digests": {"sha256": "0" * 64},
        "yanked": False,
        "yanked_reason": None,
    }
    return {"info": info, "last_serial": None, "releases": {version: [file]}, "urls": [file], "vulnerabilities": []}


@contextmanager
def _service(documents: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "pyf.aggregator.sample.services", str(documents)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as service:
        try:
            yield service.stdout.readline().decode().strip()
        finally:
            service.terminate()


if __name__ == "__main__":
    main()
