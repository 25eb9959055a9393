"""`make bench`: full fetches of real documents from a service, moving what they brought, and an hour of the queue."""

import argparse
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import search, searched

WORKERS = 20
LATENCY = 0.02
REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "data" / "pypi"
NAPARI = "napari-projects.jsonl.gz"
PLONE = "plone-derived.jsonl.gz"
# About as many projects as PyPI has, and as many candidates as Flask may have among them.
OTHERS, CANDIDATES = 700_000, 3_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--long", action="store_true", help="also fetch 20 times as many projects")
    parser.add_argument("--short", action="store_true", help="search in a tenth of the projects")
    asked = parser.parse_args()
    console = Console(width=150)
    with TemporaryDirectory(prefix="bench-") as temporary:
        folder = Path(temporary)
        table = Table(title=f"Full fetch, {LATENCY * 1000:g} ms an answer, {WORKERS} workers", title_justify="left")
        for column in ("documents", "requests", "seconds", "of the bound", "main MB", "main CPU s", "render CPU s"):
            table.add_column(column, justify="right" if column != "documents" else "left")
        if REFERENCE.is_dir():
            fetches = [
                ("napari, cold", REFERENCE / NAPARI, "Framework :: napari", "napari"),
                ("napari, nothing moved", REFERENCE / NAPARI, "Framework :: napari", "napari"),
                ("Plone (RST), cold", REFERENCE / PLONE, "Framework :: Plone", "plone"),
                ("Plone (RST), rendered before", REFERENCE / PLONE, "Framework :: Plone", "plone+"),
            ]
            if asked.long:
                fetches.append(("napari times 20", _times(REFERENCE / NAPARI, 20, folder), "Framework :: napari", "x"))
        else:
            console.print("The reference data is not on this machine: the sample ecosystem is fetched instead.")
            fetches = [("sample, Django", None, "Framework :: Django", "django")]
        for label, documents, classifier, index in fetches:
            table.add_row(label, *_row(_fetch(documents, classifier, folder, index)))
        console.print(table)
        console.print("The bound is what latency and workers alone dictate: requests x latency / workers.")
        console.print(_discovery(folder))
        console.print(_hour(folder))
        console.print(search.measure(folder / "searched.sqlite3", searched.PROJECTS // (10 if asked.short else 1)))
        console.print(_transfers(fetches[-1][0], folder / f"{fetches[-1][3].rstrip('+')}.sqlite3", folder))


def _discovery(folder: Path) -> Table:
    """Find Flask's extensions by name among all that a registry lists, twice; somewhat over half of them belong."""
    documents = folder / "candidates.jsonl"
    with documents.open("w") as target:
        for number in range(CANDIDATES):
            requires = ["flask>=2"] if number % 2 else ["jinja2"]
            info = {"name": f"flask-{number}", "version": "1.0", "requires_dist": requires}
            info["classifiers"] = [] if number % 10 else ["Framework :: Flask"]
            target.write(json.dumps({"info": info, "last_serial": None, "releases": {"1.0": []}}) + "\n")
    table = Table(title=f"Flask among {OTHERS:,} other projects, {CANDIDATES:,} candidates", title_justify="left")
    for column in ("documents", "requests", "seconds", "of the bound", "main MB", "main CPU s", "render CPU s"):
        table.add_column(column, justify="right" if column != "documents" else "left")
    for label in ("Flask, cold", "Flask, nothing moved"):
        table.add_row(label, *_row(_fetch(documents, "flask", folder, "flask", others=OTHERS)))
    return table


def _hour(folder: Path) -> Table | str:
    """Replay an hour of PyPI's releases through a real worker, and show how long the queue was."""
    command = [sys.executable, "-m", "bench.one_hour", str(folder)]
    told = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=180).stdout)
    if "skipped" in told:
        return f"The queue is not measured: {told['skipped']}."
    end = told["samples"][-1]["seconds"]
    title = f"An hour of {told['releases']:,} releases in {told['replay']:.0f} s, one worker"
    drained = f"Drained after {end:.1f} s, {told['releases'] / end:.0f} tasks a second; {told['held']:,} documents."
    table = Table(title=title, caption=drained, title_justify="left", caption_justify="left")
    for column in ("seconds", "published", "waiting", "in hand", "done a second"):
        table.add_column(column, justify="right")
    done = seconds = 0.0
    for sample in told["samples"][1:]:
        now = sample["published"] - sample["waiting"] - sample["in_hand"]
        rate = (now - done) / (sample["seconds"] - seconds)
        done, seconds = now, sample["seconds"]
        counts = (sample["published"], sample["waiting"], sample["in_hand"])
        table.add_row(f"{seconds:.0f}", *(f"{count:,}" for count in counts), f"{rate:.0f}")
    return table


def _transfers(label: str, index: Path, folder: Path) -> Table:
    """Move what was fetched last out of the index and in again, each step in a process of its own."""
    table = Table(title=f"Moving a collection: {label}", title_justify="left")
    for column in ("step", "documents", "seconds", "MB"):
        table.add_column(column, justify="right" if column != "step" else "left")
    file = str(folder / "bench.jsonl.gz")
    for step, arguments in {
        "export, compressed": ["--export", file, "-t", "bench"],
        "import": ["--import", file, "-t", "imported"],
        "recreate": ["--recreate-collection", "-t", "imported"],
        "migrate": ["--migrate", "-s", "imported", "-t", "migrated"],
    }.items():
        report, measured = _transfer(index, arguments)
        table.add_row(step, f"{report['documents']:,}", f"{measured['seconds']:.2f}", f"{measured['mb']:.0f}")
    return table


def _transfer(index: Path, arguments: list[str]) -> list[dict[str, Any]]:
    ended = subprocess.run(
        [sys.executable, "-m", "bench.one_transfer", *arguments, "--json"],
        env=os.environ | {"SQLITE_PATH": str(index)},
        capture_output=True,
        text=True,
        check=True,
        timeout=900,
    )
    report, measured = ended.stdout.rsplit("{", 1)
    return [json.loads(report), json.loads("{" + measured)]


def _row(measured: dict[str, Any]) -> Iterator[str]:
    bound = measured["requests"] * LATENCY / WORKERS
    yield f"{measured['requests']:,}"
    yield f"{measured['seconds']:.2f}"
    yield f"{measured['seconds'] / bound:.2f}" if measured["requests"] > WORKERS else "-"
    yield f"{measured['main_process_mb']:.0f}"
    yield f"{measured['main_process_cpu']:.2f}"
    yield f"{measured['render_cpu']:.2f}"


def _fetch(documents: Path | None, asked: str, folder: Path, index: str, *, others: int = 0) -> dict[str, Any]:
    """Fetch in a process of its own; an index named with `+` forgets its collection and keeps what was rendered."""
    path = folder / f"{index.rstrip('+')}.sqlite3"
    if index.endswith("+"):
        _forget_collections(path)
    with _service(documents, others) as url:
        environment = os.environ | {"PYPI_BASE_URL": url, "SQLITE_PATH": str(path)}
        ended = subprocess.run(
            [sys.executable, "-m", "bench.one_fetch", asked],
            env=environment,
            stdout=subprocess.PIPE,
            check=True,
            timeout=900,
        )
    return json.loads(ended.stdout)


def _forget_collections(path: Path) -> None:
    from pyf.aggregator.bootstrap import open_services
    from pyf.aggregator.settings import load_settings

    with open_services(load_settings(sqlite_path=str(path))) as services:
        for collection in services.admin.collections():
            services.admin.drop(collection.name)


@contextmanager
def _service(documents: Path | None, others: int) -> Iterator[str]:
    command = [
        sys.executable,
        "-m",
        "pyf.aggregator.sample.services",
        "--latency",
        str(LATENCY),
        "--others",
        str(others),
    ]
    with subprocess.Popen([*command, *([str(documents)] if documents else [])], stdout=subprocess.PIPE) as service:
        try:
            yield service.stdout.readline().decode().strip()
        finally:
            service.terminate()


def _times(documents: Path, times: int, folder: Path) -> Path:
    """Write the documents so many times over, each time under other names."""
    multiplied = folder / "multiplied.jsonl.gz"
    with gzip.open(documents, "rt") as source:
        projects = [json.loads(line) for line in source]
    with gzip.open(multiplied, "wt", compresslevel=1) as target:
        for number in range(times):
            for project in projects:
                info = project["info"] | {"name": f"{project['info']['name']}-{number}"}
                target.write(json.dumps(project | {"info": info, "last_serial": None}) + "\n")
    return multiplied


if __name__ == "__main__":
    main()
