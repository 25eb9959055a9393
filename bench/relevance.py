"""`make relevance`: share of judged queries with the expected results, by kind; fails below the required shares."""

import argparse
import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias
from uuid import uuid4

from rich.console import Console
from rich.table import Table

from bench import engines, filler_projects, judged_queries
from bench.judged_queries import (
    HALVES,
    HELD_OUT,
    MIN_SHARES,
    UNSEEN,
    VERBATIM_TOLERANCE,
    JudgedQuery,
    derive_queries,
    load_queries,
)
from pyf.aggregator.bootstrap import open_dependencies
from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.domain.documents.project import normalize_name
from pyf.aggregator.domain.downloads import Downloads, build_download_fields
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.domain.relevance import query as parsing
from pyf.aggregator.domain.relevance import scoring
from pyf.aggregator.domain.search import SearchQuery
from pyf.aggregator.ports import Dependencies
from pyf.aggregator.settings import Settings, load_settings
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.ingest.fetch import fetch_collection
from pyf.aggregator.usecases.read.search import search_packages

REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "data"
FILLER_COUNT = 3_000
SHARED_COLLECTION = "relevance"
# Fixed current time in Unix seconds, so that results do not depend on the day.
NOW = 1_790_000_000
UPLOADED = "2026-06-01T12:00:00Z"

# The modes: the profile's framework is known, it is not, and a collection of each profile. Cross-validated, each half
# of the frameworks is judged with the weights that are best for the other half.
KNOWN, VERBATIM, OWN_COLLECTION = "framework known", "verbatim", "own collection"
CROSS_VALIDATED_KNOWN, CROSS_VALIDATED_VERBATIM = "known, cross-validated", "verbatim, cross-validated"
COLUMNS = (KNOWN, CROSS_VALIDATED_KNOWN, VERBATIM, CROSS_VALIDATED_VERBATIM, OWN_COLLECTION)
QUALITY_WEIGHTS, CONCEPT_WEIGHTS = (0.2, 0.3, 0.4), (0.7, 1.0, 1.3)

# The first names for each query.
Results: TypeAlias = list[Sequence[str]]
NOT_RUN: Sequence[str] = ()


def main() -> None:
    parser = argparse.ArgumentParser(prog="make relevance", description=__doc__)
    parser.add_argument("--misses", action="store_true", help="print failed queries with their first results")
    args = parser.parse_args()
    console = Console(width=150)
    if not (REFERENCE / "relevance").is_dir():
        console.print("Skipped: the judged queries and their projects are missing.")
        return
    documents = judged_queries.load_projects(REFERENCE / "relevance")
    failed: list[str] = []
    with TemporaryDirectory(prefix="relevance-") as temporary:
        file = Path(temporary) / "projects.jsonl"
        _write_projects(file, documents)
        with _serve_registry(file) as url:
            for engine, settings in _load_engine_settings(Path(temporary), url).items():
                judgement = _judge(settings, documents)
                console.print(judgement.build_table(engine))
                if args.misses:
                    judgement.print_misses(console)
                failed += [f"{engine}: {name}" for name in judgement.find_failures()]
    if failed:
        console.print(f"Below the gate: {', '.join(failed)}")
        sys.exit(1)


def _load_engine_settings(folder: Path, url: str) -> dict[str, Settings]:
    """Return the settings of each engine; Typesense if TYPESENSE_TEST_URL names a server."""
    path = str(folder / "index.sqlite3")
    typesense = engines.load_typesense_settings({"pypi_base_url": url}, folder / "caches.sqlite3")
    sqlite = load_settings(sqlite_path=path, pypi_base_url=url, index_backend="sqlite")
    return {"sqlite": sqlite} | ({"typesense": typesense} if typesense else {})


class Judgement:
    """What became of each query: in each mode, with the default weights and cross-validated."""

    def __init__(self, queries: Sequence[JudgedQuery]) -> None:
        self.queries = queries
        self.results: dict[str, Results] = {}

    def build_table(self, title: str) -> Table:
        """Build the table of all sets, halves and kinds."""
        table = Table(title=title, title_justify="left")
        for column in ("queries of", "kind", "number", "gate", *COLUMNS):
            table.add_column(column, justify="left" if column in ("queries of", "kind") else "right")
        for group, get_group in _GROUPINGS.items():
            table.add_section()
            for name, kind in dict.fromkeys((get_group(query), query.kind) for query in self.queries):
                numbers = [n for n, query in enumerate(self.queries) if (get_group(query), query.kind) == (name, kind)]
                if not name or (group != "set" and kind not in MIN_SHARES):
                    continue
                gate = f"{MIN_SHARES[kind]}%" if group != "set" else "-"
                shares = [self._format_share(column, numbers) for column in COLUMNS]
                table.add_row(name, kind, str(len(numbers)), gate, *shares)
        return table

    def print_misses(self, console: Console) -> None:
        """Print the queries that fail without a known framework, but no held-out ones."""
        for query, names in zip(self.queries, self.results[VERBATIM], strict=True):
            if query.source != HELD_OUT and not query.is_satisfied(names):
                expected = sorted(query.top3 | query.top10 | query.any_top3)
                console.print(
                    f"{query.source} {query.kind} ({query.profile}) {query.text!r}: {expected}, not {names[:6]}"
                )

    def find_failures(self) -> Iterator[str]:
        """Yield the halves and kinds below their gates."""
        for half in dict.fromkeys(HALVES.values()):
            for kind, gate in MIN_SHARES.items():
                numbers = [n for n, query in enumerate(self.queries) if (get_half(query), query.kind) == (half, kind)]
                for column, tolerance in ((KNOWN, 0), (VERBATIM, VERBATIM_TOLERANCE.get(kind, 0))):
                    if 100 * self._count_passed(column, numbers) < (gate - tolerance) * len(numbers):
                        yield f"{kind} of {half}, {column}"

    def _count_passed(self, column: str, numbers: Sequence[int]) -> int:
        return sum(self.queries[number].is_satisfied(self.results[column][number]) for number in numbers)

    def _format_share(self, column: str, numbers: Sequence[int]) -> str:
        if not all(self.results[column][number] is not NOT_RUN for number in numbers):
            return "-"
        return f"{100 * self._count_passed(column, numbers) / len(numbers):.0f}%"


def get_half(query: JudgedQuery) -> str:
    """Return the half of the cross-validation that a query belongs to, "" for none."""
    return "" if query.source in (UNSEEN, HELD_OUT) else HALVES.get(query.profile, "")


_GROUPINGS: dict[str, Callable[[JudgedQuery], str]] = {"set": lambda query: query.source, "half": get_half}


def _judge(settings: Settings, documents: list[dict[str, Any]]) -> Judgement:
    """Fill the collections of an engine, and run all queries in all modes."""
    downloads = {
        normalize_name(document["info"]["name"]): build_download_fields(
            Downloads(last_month=document["downloads_last_month"]), source="pypistats", now=NOW
        )
        for document in documents
        if document["downloads_last_month"] is not None
    }
    profiles = load_profiles()
    available = {normalize_name(document["info"]["name"]) for document in documents}
    queries = [*load_queries(REFERENCE / "relevance", available), *derive_queries(available, seed=1)]
    judgement = Judgement(queries)
    shared = f"{SHARED_COLLECTION}-{uuid4().hex[:8]}"
    collections = {profile: f"{profile}-{shared}" for profile in dict.fromkeys(HALVES)}

    def get_target(mode: str, query: JudgedQuery) -> Target | None:
        if mode == KNOWN:
            return Target(collection=shared, filter=profiles[query.profile].filter) if query.profile else None
        if mode == OWN_COLLECTION:
            return Target(collection=collections[query.profile]) if query.profile else None
        return Target(collection=shared)

    def run(mode: str, *, with_all: bool = True) -> Results:
        """Return the first names for each query; newly opened dependencies have no cached results."""
        with open_dependencies(settings) as deps:
            targets = [get_target(mode, query) if with_all or get_half(query) else None for query in queries]
            return [
                _search(deps, target, query.text) if target else NOT_RUN
                for target, query in zip(targets, queries, strict=True)
            ]

    with open_dependencies(settings) as deps:
        try:
            _fill(deps, Target(collection=shared, filter=Filter(everything=True)), downloads)
            for profile, collection in collections.items():
                _fill(deps, Target(collection=collection, filter=profiles[profile].filter), downloads)
            judgement.results |= {mode: run(mode) for mode in (KNOWN, VERBATIM, OWN_COLLECTION)}
            for mode, plain in ((CROSS_VALIDATED_KNOWN, KNOWN), (CROSS_VALIDATED_VERBATIM, VERBATIM)):
                run_plain = partial(run, plain, with_all=False)
                judgement.results[mode] = _cross_validate(queries, run_plain)
        finally:
            for collection in (shared, *collections.values()):
                engines.drop_collection(deps, collection)
    return judgement


def _cross_validate(queries: Sequence[JudgedQuery], run: Callable[[], Results]) -> Results:
    """Return for each half the results with the weights that are best for the queries of the other half."""
    by_weights = {weights: _run_with_weights(weights, run) for weights in product(QUALITY_WEIGHTS, CONCEPT_WEIGHTS)}

    def count_passed(weights: tuple[float, float], half: str) -> int:
        pairs = zip(queries, by_weights[weights], strict=True)
        return sum(query.is_satisfied(names) for query, names in pairs if get_half(query) == half)

    results: Results = [NOT_RUN] * len(queries)
    halves = [*dict.fromkeys(HALVES.values())]
    for half, other in zip(halves, reversed(halves), strict=True):
        best = max(by_weights, key=lambda weights: count_passed(weights, other))
        for number, query in enumerate(queries):
            if get_half(query) == half:
                results[number] = by_weights[best][number]
    return results


def _run_with_weights(weights: tuple[float, float], run: Callable[[], Results]) -> Results:
    """Run queries with other weights of quality and concepts."""
    before = scoring.QUALITY_WEIGHT, parsing.CONCEPT_WEIGHT
    scoring.QUALITY_WEIGHT, parsing.CONCEPT_WEIGHT = weights
    try:
        return run()
    finally:
        scoring.QUALITY_WEIGHT, parsing.CONCEPT_WEIGHT = before


def _search(deps: Dependencies, target: Target, text: str) -> Sequence[str]:
    results = search_packages(deps, target, SearchQuery(text=text, per_page=10))
    return [hit.name_normalized for hit in results.hits]


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
