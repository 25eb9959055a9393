"""kill -9 at any moment of a recreation: who reads finds everything all the time, and the next one completes it."""

from collections import Counter
from pathlib import Path
from random import Random
from time import sleep

import pytest

from builders import collection_state, project_documents
from shell import UPDATER, Shell
from slow.contents import opened
from slow.onlooker import Onlooker
from stores import names, services_on, shown

KILLS = 12


@pytest.mark.slow
def test_a_recreation_that_was_killed_at_any_moment_never_shows_and_is_completed_by_the_next(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    shell, path = Shell(tmp_path), tmp_path / "index.sqlite3"
    chance = Random(str(request.config.getoption("--seed")))
    with opened(path) as (index, admin):
        services = services_on(index, admin)
        admin.create("plone-1", collection_state(cursor=7), alias="plone")
        for number in range(300):
            index.put("plone", [project_documents(f"p{number:03}", "1.0", "2.0", description="long " * 4000)])
        wanted = shown(services, "plone")
        complete = Counter(document.registry.name_normalized for document in index.export("plone"))

        with Onlooker(path, "plone", (complete, complete)) as onlooker:
            for _ in range(KILLS):
                with shell.start("--recreate-collection", "-t", "plone", module=UPDATER) as run:
                    while run.poll() is None and len(names(services)) < 2:
                        sleep(0.001)
                    sleep(chance.uniform(0, 0.6))
                    run.kill()
                    run.wait()
            ended = shell.run("--recreate-collection", "-t", "plone", module=UPDATER)

        assert ended.code == 0, ended
        assert (onlooker.complaints, onlooker.looks > 0) == ([], True)
        ((_, aliases),) = names(services).items()
        assert aliases == ("plone",)
        assert shown(services, "plone") == wanted
