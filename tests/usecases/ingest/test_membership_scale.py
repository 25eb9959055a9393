"""Measure requests and memory of discovery in a registry of PyPI's size."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.registry_world import World, open_world

ROOT = Path(__file__).parents[3]
CANDIDATES, CHANGED = 300, 7
SIZES = [20_000, pytest.param(700_000, marks=pytest.mark.slow)]


def build_large_registry() -> FakeRegistry:
    """Return candidates by name (two thirds are members), one found by classifier only, and Flask."""
    fake_registry = FakeRegistry()
    fake_registry.publish("Flask", "3.0")
    fake_registry.publish("anyhow", "1.0", info={"classifiers": ["Framework :: Flask"]})
    for number in range(CANDIDATES - 2):
        requires = ["flask>=2", "jinja2", "Flask"][number % 3]
        fake_registry.publish(f"Flask_Thing.{number}", "1.0", info={"requires_dist": [requires]})
    return fake_registry


@pytest.mark.parametrize("filler_count", SIZES)
def test_discovery_request_counts(tmp_path: Path, filler_count: int) -> None:
    with open_world(build_large_registry(), tmp_path, filler_count=filler_count) as built_world:
        built_world.filter, built_world.collection = load_profiles()["flask"].filter, "flask"

        first = count_requests(built_world)
        for number in range(CHANGED):
            built_world.fake_registry.publish(f"flask-thing-{number}", "1.1", info={"requires_dist": ["flask"]})
        second = count_requests(built_world)
        third = count_requests(built_world)

        print(f"\n{filler_count:,} names: first run {first}, {CHANGED} changed: {second}, none changed: {third}")
        once = {"simple_index": 1, "browse": 1}
        # The members among those that changed had a release before that has to be read only if it is not held.
        assert first == {**once, "project": CANDIDATES}
        assert second == {**once, "project": CHANGED, "release": CHANGED // 3}
        assert third == once
        assert built_world.stored() == built_world.expected()


def count_requests(built_world: World) -> dict[str, int]:
    built_world.pypi.requests.clear()
    assert built_world.fetch().is_complete
    return dict(built_world.pypi.requests.by_kind)


@pytest.mark.slow
def test_discovery_memory(tmp_path: Path) -> None:
    with LocalPyPI(build_large_registry(), filler_count=700_000) as pypi:
        for run in ("first", "second"):
            ended = subprocess.run(
                [sys.executable, "-m", "bench.run_fetch", "flask"],
                cwd=ROOT,
                env={"PYPI_BASE_URL": pypi.url, "SQLITE_PATH": str(tmp_path / "pyf.sqlite3"), "PATH": ""},
                stdout=subprocess.PIPE,
                check=True,
                timeout=300,
            )
            measured = json.loads(ended.stdout)
            print(f"{run} run: {measured['main_process_mb']:.0f} MB, {measured['requests']} requests")
            assert measured["main_process_mb"] < 350
