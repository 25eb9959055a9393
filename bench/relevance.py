"""`make relevance`: share of judged queries with the expected results, by kind; fails below the required shares."""

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

from bench import filler_projects, judged_queries
from pyf.aggregator.bootstrap import open_dependencies
from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.domain.documents.project import normalize_name
from pyf.aggregator.domain.downloads import Downloads, build_download_fields
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.domain.search import SearchQuery
from pyf.aggregator.ports import Dependencies
from pyf.aggregator.settings import load_settings
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.ingest.fetch import fetch_collection
from pyf.aggregator.usecases.read.search import search_packages

REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "data"
FILLER_COUNT = 3_000
SHARED_COLLECTION = "relevance"
# Fixed current time in Unix seconds, so that results do not depend on the day.
NOW = 1_790_000_000
UPLOADED = "2026-06-01T12:00:00Z"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make relevance", description=__doc__)
    parser.add_argument("--misses", action="store_true", help="print failed queries with their first results")
    args = parser.parse_args()
    console = Console(width=150)
    if not (REFERENCE / "relevance").is_dir():
        console.print("Skipped: the judged queries and their projects are missing.")
        return
    documents = judged_queries.load_projects(REFERENCE / "relevance")
    with TemporaryDirectory(prefix="relevance-") as temporary:
        file = Path(temporary) / "projects.jsonl"
        _write_projects(file, documents)
        with _serve_registry(file) as url:
            settings = load_settings(
                sqlite_path=str(Path(temporary) / "index.sqlite3"), pypi_base_url=url, index_backend="sqlite"
            )
            with open_dependencies(settings) as deps:
                failed_kinds = _measure(console, "sqlite", deps, documents, show_misses=args.misses)
    if failed_kinds:
        console.print(f"Below the gate: {', '.join(failed_kinds)}")
        sys.exit(1)


def _measure(
    console: Console, engine: str, deps: Dependencies, documents: list[dict[str, Any]], *, show_misses: bool
) -> list[str]:
    """Fill the collections of an engine, run all queries and print the shares; return the kinds below the gate."""
    start = time.perf_counter()
    downloads = {
        normalize_name(document["info"]["name"]): build_download_fields(
            Downloads(last_month=document["downloads_last_month"]), source="pypistats", now=NOW
        )
        for document in documents
        if document["downloads_last_month"] is not None
    }
    _fill(deps, Target(collection=SHARED_COLLECTION, filter=Filter(everything=True)), downloads)
    profiles = load_profiles()
    available = {normalize_name(document["info"]["name"]) for document in documents}
    queries = list(judged_queries.load_queries(REFERENCE / "relevance", available))
    for profile in {query.profile for query in queries}:
        _fill(deps, Target(collection=profile, filter=profiles[profile].filter), downloads)
    fill_seconds = time.perf_counter() - start
    miss_console = console if show_misses else None

    def get_profile_target(query: judged_queries.JudgedQuery) -> Target:
        return Target(collection=SHARED_COLLECTION, filter=profiles[query.profile].filter)

    with_profile = _measure_shares(deps, queries, get_profile_target, None)
    verbatim = _measure_shares(deps, queries, lambda _: Target(collection=SHARED_COLLECTION), miss_console)
    per_collection = _measure_shares(deps, queries, lambda query: Target(collection=query.profile), None)
    own_queries = list(judged_queries.load_own_queries(available))
    own_with_profile = _measure_shares(deps, own_queries, get_profile_target, None)
    own_verbatim = _measure_shares(deps, own_queries, lambda _: Target(collection=SHARED_COLLECTION), miss_console)
    derived = _measure_shares(
        deps,
        judged_queries.derive_queries(available, seed=1),
        lambda _: Target(collection=SHARED_COLLECTION),
        miss_console,
    )
    table = Table(title=f"{engine}: {len(available)} projects among {FILLER_COUNT:,} others", title_justify="left")
    for column in ("kind", "queries", "gate", "framework known", "verbatim", "through each profile"):
        table.add_column(column, justify="left" if column == "kind" else "right")
    for kind, gate in judged_queries.MIN_SHARES.items():
        table.add_row(
            kind,
            str(with_profile[kind][1]),
            f"{gate}%",
            _format_percent(with_profile[kind]),
            _format_percent(verbatim[kind]),
            _format_percent(per_collection[kind]),
        )
    for kind, share in own_with_profile.items():
        table.add_row(kind, str(share[1]), "-", _format_percent(share), _format_percent(own_verbatim[kind]), "-")
    for kind, share in derived.items():
        table.add_row(kind, str(share[1]), "-", "-", _format_percent(share), "-")
    console.print(table)
    console.print(f"Filled in {fill_seconds:.0f} s.")
    failed_kinds = [
        kind for kind, gate in judged_queries.MIN_SHARES.items() if not _reaches_gate(with_profile[kind], gate)
    ]
    return failed_kinds + [
        f"{kind} verbatim"
        for kind, gate in judged_queries.MIN_SHARES.items()
        if not _reaches_gate(verbatim[kind], gate)
    ]


def _format_percent(share: tuple[int, int]) -> str:
    return f"{100 * share[0] / share[1]:.0f}%"


def _reaches_gate(share: tuple[int, int], gate: int) -> bool:
    return 100 * share[0] >= gate * share[1]


def _measure_shares(
    deps: Dependencies,
    queries: Iterable[judged_queries.JudgedQuery],
    get_target: Callable[[judged_queries.JudgedQuery], Target],
    console: Console | None,
) -> dict[str, tuple[int, int]]:
    passed: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for judged_query in queries:
        results = search_packages(deps, get_target(judged_query), SearchQuery(text=judged_query.text, per_page=10))
        names = [hit.name_normalized for hit in results.hits]
        totals[judged_query.kind] += 1
        passed[judged_query.kind] += judged_query.is_satisfied(names)
        if console and not judged_query.is_satisfied(names):
            missing = sorted(judged_query.top3 - set(names[:3]) | judged_query.top10 - set(names))
            label = f"{judged_query.kind} ({judged_query.profile}) {judged_query.text!r}"
            console.print(f"{label}: not {missing}, of {results.total}: {names[:6]}")
    return {kind: (passed[kind], totals[kind]) for kind in totals}


def _fill(deps: Dependencies, target: Target, downloads: dict[str, Any]) -> None:
    report = fetch_collection(deps, target, default=target.filter or Filter())
    if not report.is_complete:
        sys.exit(f"{target.collection} could not be filled: {report.to_dict()}")
    deps.index.update(target.collection, downloads)


def _write_projects(file: Path, documents: list[dict[str, Any]]) -> None:
    """Write the judged projects and the others in the shape of PyPI's JSON, each with a file to install."""
    names = {normalize_name(document["info"]["name"]) for document in documents}
    with file.open("w") as target:
        for each in documents:
            target.write(json.dumps(_build_document(each["info"])) + "\n")
        filler_count = 0
        for filler in _generate_filler():
            name = normalize_name(filler["info"]["name"])
            if name not in names and filler_count < FILLER_COUNT:
                names.add(name)
                filler_count += 1
                target.write(json.dumps(filler | {"last_serial": None}) + "\n")


def _generate_filler() -> Iterator[dict[str, Any]]:
    for name in ("napari-projects.jsonl.gz", "plone-derived.jsonl.gz"):
        with gzip.open(REFERENCE / "pypi" / name, "rt") as lines:
            for line in lines:
                document = json.loads(line)
                newest = document["info"]["version"]
                yield document | {"releases": {newest: document["releases"].get(newest, [])}}
    yield from map(_build_document, filler_projects.generate_projects(FILLER_COUNT, seed=1))


def _build_document(info: dict[str, Any]) -> dict[str, Any]:
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
def _serve_registry(documents: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "pyf.aggregator.sandbox.pypi", str(documents)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as service:
        try:
            yield service.stdout.readline().decode().strip()
        finally:
            service.terminate()


if __name__ == "__main__":
    main()
