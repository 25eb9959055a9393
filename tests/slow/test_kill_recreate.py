"""Kill a rebuild from a copy at any moment: readers find everything, and the next run completes it."""

from collections import Counter
from pathlib import Path
from random import Random
from time import sleep

import pytest

from support.builders import build_project, build_state
from support.cli_runner import UPDATER, CommandRunner
from support.filled_collections import build_engine_dependencies, list_aliases, read_collection
from support.slow.index_contents import open_index
from support.slow.reader_thread import ReaderThread

KILLS = 12


@pytest.mark.slow
def test_killed_recreate_is_invisible_and_completed(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    shell, path = CommandRunner(tmp_path), tmp_path / "index.sqlite3"
    rng = Random(str(request.config.getoption("--seed")))
    with open_index(path) as (index, admin):
        deps = build_engine_dependencies(index, admin)
        admin.create("plone-1", build_state(cursor=7), alias="plone")
        for number in range(300):
            index.put("plone", [build_project(f"p{number:03}", "1.0", "2.0", description="long " * 4000)])
        expected = read_collection(deps, "plone")
        complete = Counter(document.registry.name_normalized for document in index.export("plone"))

        with ReaderThread(path, "plone", (complete, complete)) as onlooker:
            for _ in range(KILLS):
                with shell.start("--recreate-collection", "-t", "plone", module=UPDATER) as run:
                    while run.poll() is None and len(list_aliases(deps)) < 2:
                        sleep(0.001)
                    sleep(rng.uniform(0, 0.6))
                    run.kill()
                    run.wait()
            result = shell.run("--recreate-collection", "-t", "plone", module=UPDATER)

        assert result.code == 0, result
        assert (onlooker.problems, onlooker.read_count > 0) == ([], True)
        ((_, aliases),) = list_aliases(deps).items()
        assert aliases == ("plone",)
        assert read_collection(deps, "plone") == expected
