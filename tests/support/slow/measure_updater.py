"""Run `pyfupdater` and print its peak memory in MB: `python measure_updater.py <arguments>`; Linux only.

`python measure_updater.py --fill <documents>` creates the collection `many` with this many documents instead.
"""

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pyf.aggregator.adapters.sqlite.admin import SqliteAdmin
from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.adapters.sqlite.index import SqliteIndex
from pyf.aggregator.cli.documented.updater import main
from pyf.aggregator.domain.documents.schema import DownloadFields
from pyf.aggregator.ports import ProjectDocuments
from pyf.aggregator.settings import load_settings
from support.builders import build_project, build_state

RELEASES = [f"{number}.0" for number in range(1, 11)]
BATCH_SIZE = 200


def generate_projects(documents: int) -> Iterator[ProjectDocuments]:
    for number in range(documents // len(RELEASES)):
        yield build_project(f"project-{number:06}", *RELEASES, description=f"{number:09} " * 200, last_serial=1)


def fill_index(documents: int) -> None:
    database = Database(Path(load_settings().sqlite_path))
    index = SqliteIndex(database)
    SqliteAdmin(database).create("many-1", build_state(cursor=7), alias="many")
    batch: list[ProjectDocuments] = []
    for project in generate_projects(documents):
        batch.append(project)
        if len(batch) == BATCH_SIZE:
            index.put("many", batch)
            index.update(
                "many", {project_docs.name_normalized: DownloadFields(download_total=1) for project_docs in batch}
            )
            batch.clear()
    index.put("many", batch)
    database.close()


def read_peak_memory() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    if sys.argv[1] == "--fill":
        fill_index(int(sys.argv[2]))
    else:
        with suppress(SystemExit):
            main(sys.argv[1:])
        print(read_peak_memory())
