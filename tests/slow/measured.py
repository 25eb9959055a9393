"""Runs `pyfupdater` and prints how much memory it took at most, in MB: `python measured.py <arguments>`; Linux only.

`python measured.py --fill <documents>` makes the collection `many` of so many documents instead.
"""

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from builders import collection_state, project_documents
from pyf.aggregator.adapters.index.database import Database
from pyf.aggregator.adapters.index.sqlite import SqliteIndex
from pyf.aggregator.adapters.index.sqlite_admin import SqliteAdmin
from pyf.aggregator.cli.updater import main
from pyf.aggregator.domain.schema import DownloadFields
from pyf.aggregator.ports import ProjectDocuments
from pyf.aggregator.settings import load_settings

RELEASES = [f"{number}.0" for number in range(1, 11)]
AT_ONCE = 200


def projects(documents: int) -> Iterator[ProjectDocuments]:
    for number in range(documents // len(RELEASES)):
        yield project_documents(f"project-{number:06}", *RELEASES, description=f"{number:09} " * 200, last_serial=1)


def fill(documents: int) -> None:
    database = Database(Path(load_settings().sqlite_path))
    index = SqliteIndex(database)
    SqliteAdmin(database).create("many-1", collection_state(cursor=7), alias="many")
    waiting: list[ProjectDocuments] = []
    for project in projects(documents):
        waiting.append(project)
        if len(waiting) == AT_ONCE:
            index.put("many", waiting)
            index.update("many", {each.name_normalized: DownloadFields(download_total=1) for each in waiting})
            waiting.clear()
    index.put("many", waiting)
    database.close()


def peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    if sys.argv[1] == "--fill":
        fill(int(sys.argv[2]))
    else:
        with suppress(SystemExit):
            main(sys.argv[1:])
        print(peak())
