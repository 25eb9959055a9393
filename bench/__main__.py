"""`make bench`: full fetches, discovery, an hour of the queue, searches, boards, and transfers of a collection."""

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

from bench import engines, readiness, search, search_corpus, start

WORKERS = 20
LATENCY = 0.02
REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "data" / "pypi"
NAPARI = "napari-projects.jsonl.gz"
PLONE = "plone-derived.jsonl.gz"
# About the number of projects on PyPI, and of candidates for Flask among them.
FILLER_COUNT, CANDIDATE_COUNT = 700_000, 3_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--long", action="store_true", help="also fetch 20 times as many projects")
    parser.add_argument("--short", action="store_true", help="use a tenth of the generated packages")
    args = parser.parse_args()
    console = Console(width=150)
    with TemporaryDirectory(prefix="bench-") as temporary:
        folder = Path(temporary)
        table = Table(title=f"Full fetch, {LATENCY * 1000:g} ms latency, {WORKERS} workers", title_justify="left")
        for column in ("documents", "requests", "seconds", "of the bound", "main MB", "main CPU s", "render CPU s"):
            table.add_column(column, justify="right" if column != "documents" else "left")
        if REFERENCE.is_dir():
            fetches = [
                ("napari, cold", REFERENCE / NAPARI, "Framework :: napari", "napari"),
                ("napari, unchanged", REFERENCE / NAPARI, "Framework :: napari", "napari"),
                ("Plone (RST), cold", REFERENCE / PLONE, "Framework :: Plone", "plone"),
                ("Plone (RST), READMEs cached", REFERENCE / PLONE, "Framework :: Plone", "plone+"),
            ]
            if args.long:
                fetches.append(
                    ("napari times 20", _multiply(REFERENCE / NAPARI, 20, folder), "Framework :: napari", "x")
                )
        else:
            console.print("The reference data is missing; fetching the sample ecosystem instead.")
            fetches = [("sample, Django", None, "Framework :: Django", "django")]
        for label, documents, classifier, index in fetches:
            table.add_row(label, *_format_row(_run_fetch(documents, classifier, folder, index)))
        console.print(table)
        console.print("The bound is requests x latency / workers.")
        console.print(start.measure(folder))
        console.print(_measure_discovery(folder))
        console.print(_measure_queue_hour(folder))
        console.print(
            search.measure(folder / "searched.sqlite3", search_corpus.PROJECT_COUNT // (10 if args.short else 1))
        )
        console.print(readiness.measure(folder / "readiness.sqlite3"))
        console.print(engines.measure_engines(folder, engines.PACKAGE_COUNT // (10 if args.short else 1)))
        console.print(_measure_transfers(fetches[-1][0], folder / f"{fetches[-1][3].rstrip('+')}.sqlite3", folder))


def _measure_discovery(folder: Path) -> Table:
    """Find Flask's extensions by name among all projects of a registry, twice; slightly over half of them match."""
    documents = folder / "candidates.jsonl"
    with documents.open("w") as target:
        for number in range(CANDIDATE_COUNT):
            requires = ["flask>=2"] if number % 2 else ["jinja2"]
            info = {"name": f"flask-{number}", "version": "1.0", "requires_dist": requires}
            info["classifiers"] = [] if number % 10 else ["Framework :: Flask"]
            target.write(json.dumps({"info": info, "last_serial": None, "releases": {"1.0": []}}) + "\n")
    table = Table(
        title=f"Flask among {FILLER_COUNT:,} other projects, {CANDIDATE_COUNT:,} candidates", title_justify="left"
    )
    for column in ("documents", "requests", "seconds", "of the bound", "main MB", "main CPU s", "render CPU s"):
        table.add_column(column, justify="right" if column != "documents" else "left")
    for label in ("Flask, cold", "Flask, unchanged"):
        table.add_row(label, *_format_row(_run_fetch(documents, "flask", folder, "flask", filler_count=FILLER_COUNT)))
    return table


def _measure_queue_hour(folder: Path) -> Table | str:
    """Replay an hour of PyPI's releases through a real worker and tabulate the queue length."""
    command = [sys.executable, "-m", "bench.queue_hour", str(folder)]
    measured = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=180).stdout)
    if "skipped" in measured:
        return f"Queue not measured: {measured['skipped']}."
    end = measured["samples"][-1]["seconds"]
    title = f"An hour of {measured['releases']:,} releases in {measured['replay']:.0f} s, one worker"
    rate = measured["releases"] / end
    caption = f"Drained after {end:.1f} s, {rate:.0f} tasks a second; {measured['documents']:,} documents."
    table = Table(title=title, caption=caption, title_justify="left", caption_justify="left")
    for column in ("seconds", "published", "waiting", "in hand", "done a second"):
        table.add_column(column, justify="right")
    done = seconds = 0.0
    for sample in measured["samples"][1:]:
        now = sample["published"] - sample["waiting"] - sample["unacked"]
        rate = (now - done) / (sample["seconds"] - seconds)
        done, seconds = now, sample["seconds"]
        counts = (sample["published"], sample["waiting"], sample["unacked"])
        table.add_row(f"{seconds:.0f}", *(f"{count:,}" for count in counts), f"{rate:.0f}")
    return table


def _measure_transfers(label: str, index: Path, folder: Path) -> Table:
    """Export, import, rebuild and copy a collection, each in a new process."""
    table = Table(title=f"Transfer of a collection: {label}", title_justify="left")
    for column in ("step", "documents", "seconds", "MB"):
        table.add_column(column, justify="right" if column != "step" else "left")
    file = str(folder / "bench.jsonl.gz")
    for step, arguments in {
        "export, compressed": ["--export", file, "-t", "bench"],
        "import": ["--import", file, "-t", "imported"],
        "recreate": ["--recreate-collection", "-t", "imported"],
        "migrate": ["--migrate", "-s", "imported", "-t", "migrated"],
    }.items():
        report, measured = _run_transfer(index, arguments)
        table.add_row(step, f"{report['documents']:,}", f"{measured['seconds']:.2f}", f"{measured['mb']:.0f}")
    return table


def _run_transfer(index: Path, arguments: list[str]) -> list[dict[str, Any]]:
    result = subprocess.run(
        [sys.executable, "-m", "bench.run_transfer", *arguments, "--json"],
        env=os.environ | {"SQLITE_PATH": str(index)},
        capture_output=True,
        text=True,
        check=True,
        timeout=900,
    )
    report, measured = result.stdout.rsplit("{", 1)
    return [json.loads(report), json.loads("{" + measured)]


def _format_row(measured: dict[str, Any]) -> Iterator[str]:
    bound = measured["requests"] * LATENCY / WORKERS
    yield f"{measured['requests']:,}"
    yield f"{measured['seconds']:.2f}"
    yield f"{measured['seconds'] / bound:.2f}" if measured["requests"] > WORKERS else "-"
    yield f"{measured['main_process_mb']:.0f}"
    yield f"{measured['main_process_cpu']:.2f}"
    yield f"{measured['render_cpu']:.2f}"


def _run_fetch(
    documents: Path | None, filter_name: str, folder: Path, index: str, *, filler_count: int = 0
) -> dict[str, Any]:
    """Fetch in a new process; an index named with `+` drops its collection first and keeps its README cache."""
    path = folder / f"{index.rstrip('+')}.sqlite3"
    if index.endswith("+"):
        _drop_collections(path)
    with _serve_registry(documents, filler_count) as url:
        environment = os.environ | {"PYPI_BASE_URL": url, "SQLITE_PATH": str(path)}
        result = subprocess.run(
            [sys.executable, "-m", "bench.run_fetch", filter_name],
            env=environment,
            stdout=subprocess.PIPE,
            check=True,
            timeout=900,
        )
    return json.loads(result.stdout)


def _drop_collections(path: Path) -> None:
    from pyf.aggregator.bootstrap import open_dependencies
    from pyf.aggregator.settings import load_settings

    with open_dependencies(load_settings(sqlite_path=str(path))) as deps:
        for collection in deps.admin.list_collections():
            deps.admin.drop(collection.name)


@contextmanager
def _serve_registry(documents: Path | None, filler_count: int) -> Iterator[str]:
    command = [
        sys.executable,
        "-m",
        "pyf.aggregator.sandbox.pypi",
        "--latency",
        str(LATENCY),
        "--filler",
        str(filler_count),
    ]
    with subprocess.Popen([*command, *([str(documents)] if documents else [])], stdout=subprocess.PIPE) as service:
        try:
            yield service.stdout.readline().decode().strip()
        finally:
            service.terminate()


def _multiply(documents: Path, factor: int, folder: Path) -> Path:
    """Write the documents `factor` times, each time with other names."""
    multiplied = folder / "multiplied.jsonl.gz"
    with gzip.open(documents, "rt") as source:
        projects = [json.loads(line) for line in source]
    with gzip.open(multiplied, "wt", compresslevel=1) as target:
        for number in range(factor):
            for project in projects:
                info = project["info"] | {"name": f"{project['info']['name']}-{number}"}
                target.write(json.dumps(project | {"info": info, "last_serial": None}) + "\n")
    return multiplied


if __name__ == "__main__":
    main()
