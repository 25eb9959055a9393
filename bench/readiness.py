"""CPU time of the readiness board of the 100 most used packages among 20,000: page, API, and the data of both."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from time import process_time

from litestar.testing import TestClient
from msgspec.structs import replace
from rich.table import Table

from bench import search_corpus
from pyf.aggregator.bootstrap import open_dependencies
from pyf.aggregator.domain.documents.schema import RegistryFields
from pyf.aggregator.domain.documents.version import to_sortable
from pyf.aggregator.domain.history import History, MonthRecord, build_history_fields, shift_month, to_month
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.domain.search import SearchQuery, Sort
from pyf.aggregator.ports import Dependencies, ProjectDocuments
from pyf.aggregator.settings import load_settings
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.read.readiness import DEFAULT_PACKAGES, build_board
from pyf.aggregator.web.app import create_app

PACKAGE_COUNT = 20_000
# The popular packages of an ecosystem have had some forty releases, and Django four hundred.
_RELEASE_COUNT, _FRAMEWORK_RELEASE_COUNT = 40, 400
_RUNS = 7
_NOW = 1_800_000_000
_MONTH = 30 * 86_400
_FILTER = Filter(classifiers=("Framework :: Django",))


def measure(path: Path, packages: int = PACKAGE_COUNT) -> Table:
    """Fill a file with packages and build boards; return a table of the median CPU times beside their goals."""
    title = f"Readiness board of {DEFAULT_PACKAGES} packages of {packages:,}, {_RELEASE_COUNT} releases each"
    table = Table("step", "CPU ms", "goal", title=title, title_justify="left")
    settings = load_settings(sqlite_path=str(path), index_backend="sqlite", web_cache_max_age=0, web_rate_limit=0)
    with open_dependencies(settings) as deps:
        search_corpus.create_collection(deps, _FILTER)
        for batch in search_corpus.generate_batches(packages, now=_NOW):
            search_corpus.write_batch(deps, batch)
        _add_releases(deps)
        target = Target(collection=search_corpus.COLLECTION, filter=_FILTER)
        table.add_row("the data, for Django 6.0", _measure(lambda: build_board(deps, target, framework="6.0")), "")
        table.add_row("the data, for Python 3.14", _measure(lambda: build_board(deps, target, python="3.14")), "")
        with TestClient(create_app(deps, {}, settings)) as client:
            for label, url in {
                "page": f"/in/{search_corpus.COLLECTION}/readiness?to=Django+6.0",
                "API": f"/api/v1/collections/{search_corpus.COLLECTION}/readiness?to=Django+6.0",
            }.items():
                assert client.get(url).status_code == 200, url
                table.add_row(label, _measure(lambda url=url: client.get(url)), "100 ms")
    return table


def _add_releases(deps: Dependencies) -> None:
    """Give the packages of the board earlier releases and a history that names each, and add the framework."""
    query = SearchQuery(sort=Sort.DOWNLOADS, per_page=DEFAULT_PACKAGES)
    names = [hit.name_normalized for hit in deps.search.search(search_corpus.COLLECTION, query).hits]
    stored = deps.index.get_documents(search_corpus.COLLECTION, names)
    packages = [_build_package(stored[name][0], _RELEASE_COUNT) for name in names]
    histories = {project.name_normalized: build_history_fields(_build_history(project)) for project in packages}
    framework = replace(stored[names[0]][0], name="Django", name_normalized="django", version="6.0")
    packages.append(_build_package(framework, _FRAMEWORK_RELEASE_COUNT))
    deps.index.put(search_corpus.COLLECTION, packages)
    deps.index.update(search_corpus.COLLECTION, histories)


def _build_history(project: ProjectDocuments) -> History:
    present = to_month(_NOW)
    return History(
        months=tuple(
            MonthRecord(month=shift_month(present, -number), minute=0, score=80, stars=9, release=release.version)
            for number, release in enumerate(project.documents)
        )
    )


def _build_package(newest: RegistryFields, count: int) -> ProjectDocuments:
    return ProjectDocuments(name_normalized=newest.name_normalized, documents=tuple(_build_releases(newest, count)))


def _build_releases(newest: RegistryFields, count: int) -> Iterable[RegistryFields]:
    yield newest
    for number in range(1, count):
        version = f"0.{count - number}"
        yield replace(
            newest,
            id=f"{newest.name}-{version}",
            identifier=f"{newest.name}-{version}",
            version=version,
            version_sortable=to_sortable(version),
            is_newest=False,
            description="",  # only the newest release keeps its README
            title="",
            first_chapter="",
            main_content="",
            changelog="",
            upload_timestamp=newest.upload_timestamp - number * _MONTH,
        )


def _measure(work: Callable[[], object]) -> str:
    """Return the median CPU time in milliseconds; the first run fills caches."""
    work()
    durations = []
    for _ in range(_RUNS):
        start = process_time()
        work()
        durations.append(process_time() - start)
    return f"{1000 * median(durations):.0f}"


if __name__ == "__main__":
    from tempfile import TemporaryDirectory

    from rich.console import Console

    with TemporaryDirectory(prefix="bench-") as folder:
        count = int(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE_COUNT
        Console(width=150).print(measure(Path(folder) / "readiness.sqlite3", count))
