"""Replay the real history of an ecosystem: after any number of steps the index equals a new one."""

import gzip
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from support.registry_world import World, open_world

NAPARI = Filter(classifiers=("Framework :: napari",))


def snapshots(shared_data: Path) -> list[dict[str, Any]]:
    with gzip.open(shared_data / "pypi" / "napari-history.jsonl.gz", "rt") as lines:
        return sorted(map(json.loads, lines), key=lambda snapshot: snapshot["seen_at"])


def replay(fake_registry: FakeRegistry, history: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Bring the registry to each snapshot in turn: publish new releases, remove missing ones."""
    for snapshot in history:
        project = fake_registry.get_project(canonicalize_name(snapshot["name"]))
        known = set(project.releases) if project else set()
        for version in known - set(snapshot["releases"]):
            fake_registry.remove_release(snapshot["name"], version)
        info = {key: snapshot[key] for key in ("classifiers", "summary", "project_urls")}
        for version in sorted(set(snapshot["releases"]) - known, key=lambda v: (v == snapshot["version"], v)):
            fake_registry.publish(snapshot["name"], version, info=info)
        yield snapshot


def follow_history(napari: World, history: list[dict[str, Any]], seed: int, *, most: int) -> int:
    """Replay, with runs after random numbers of steps, at most `most`; return the number of runs."""
    rng = Random(seed)
    steps, runs = replay(napari.fake_registry, history), 0
    assert len(list(islice(steps, 10))) == 10
    napari.fetch()
    while list(islice(steps, rng.randint(1, most))):
        run = rng.choice([napari.changes, napari.changes, napari.changes, napari.fetch, napari.recreate])
        report = run()
        assert report.is_complete, report
        assert napari.stored() == napari.expected()
        runs += 1
    return runs


def test_beginning_of_history(shared_data: Path, tmp_path: Path) -> None:
    with open_world(FakeRegistry(), tmp_path) as napari:
        napari.filter = NAPARI

        runs = follow_history(napari, snapshots(shared_data)[:60], seed=1, most=60)

        assert runs >= 2
        assert len(napari.names()) > 20


@pytest.mark.slow
def test_whole_history(shared_data: Path, tmp_path: Path) -> None:
    with open_world(FakeRegistry(), tmp_path) as napari:
        napari.filter = NAPARI

        runs = follow_history(napari, snapshots(shared_data), seed=2, most=120)

        assert runs >= 20
        assert napari.stored() == napari.expected()
