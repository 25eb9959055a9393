"""Simulate a year of random changes and faults with daily runs; the index is correct every evening.

A failing year is replayed with `make slow ARGS="tests/slow/test_year.py --seed N"`.
"""

from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from pyf.aggregator.domain.documents.project import normalize_name
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.usecases.report import IngestReport
from support.registry_world import PLONE_FILTER as PLONE_FILTER
from support.registry_world import Clock, World, open_world

DAY = 86_400
PLONE, OTHER = ["Framework :: Plone :: 6.0"], ["Framework :: Django"]
NEEDS = [
    [],
    ["plone.base>=1"],
    ['plone.base; extra == "test"'],
    ["collective.n1"],
    ["Zope", 'Plone.Base ; os_name == "nt"'],
]
FILTER = replace(
    PLONE_FILTER,
    requires=("plone-base",),
    names=("collective-*",),
    include={"collective-n3": "it is dear to us"},
    exclude={"collective-n4": "it is not"},
)
FAULTS = ["503", "429", "403", "reset", "half", "broken", "empty", "404", "html"]
REQUESTS = ["", "browse", "changelog", "last_serial", "project", "release", "simple_page", "simple_index"]


class SimulatedYear:
    """Random events in a small ecosystem; only a sweep finds `statuses`."""

    def __init__(self, fake_registry: FakeRegistry, seed: int) -> None:
        self.fake_registry = fake_registry
        self.chance = Random(seed)
        self.born = self.numbered = 0
        for _ in range(25):
            self.create_project()

    def day(self) -> None:
        """Trigger up to five events and changes of filler packages."""
        self.fake_registry.add_filler_changes(self.chance.choice([100, 32_600, 60_000]))
        for _ in range(self.chance.randint(0, 5)):
            happen = self.chance.choices(
                [self.create_project, self.publish_release, self.yank, self.unyank, self.remove_release,
                 self.remove_project, self.rename_project, self.switch_framework, self.change_requirements,
                 self.toggle_quarantine, self.toggle_archive, self.change_role],
                weights=[2, 12, 2, 1, 1, 1, 1, 2, 2, 1, 1, 1],
            )[0]  # fmt: skip
            happen()

    def create_project(self) -> None:
        self.born += 1
        info = {
            "classifiers": self.chance.choice([PLONE, PLONE, OTHER]),
            "requires_dist": self.chance.choice(NEEDS),
            "summary": f"Number {self.born}",
        }
        self.fake_registry.publish(f"collective.n{self.born}", "1.0", info=info)

    def publish_release(self) -> None:
        self.fake_registry.publish(
            self._project()[0], f"1.{self._number()}{self.chance.choice(['', '', 'a1', '.post1'])}"
        )

    def yank(self) -> None:
        name, versions = self._project()
        self.fake_registry.yank(name, self.chance.choice(versions), self.chance.choice([None, "bad"]))

    def unyank(self) -> None:
        name, versions = self._project()
        self.fake_registry.unyank(name, self.chance.choice(versions))

    def remove_release(self) -> None:
        name, versions = self._project()
        self.fake_registry.remove_release(name, self.chance.choice(versions))

    def remove_project(self) -> None:
        if len(self._shown()) > 15:
            self.fake_registry.remove_project(self._project()[0])

    def rename_project(self) -> None:
        name, _ = self._project()
        self.fake_registry.publish(self.chance.choice([name.upper(), name.replace(".", "_")]), f"2.{self._number()}")

    def switch_framework(self) -> None:
        info = {"classifiers": self.chance.choice([PLONE, OTHER])}
        self.fake_registry.publish(self._project()[0], f"3.{self._number()}", info=info)

    def change_requirements(self) -> None:
        self.fake_registry.publish(
            self._project()[0], f"3.{self._number()}", info={"requires_dist": self.chance.choice(NEEDS)}
        )

    def toggle_quarantine(self) -> None:
        hidden = [p for p in self.fake_registry.list_projects() if p.status == "quarantined"]
        if hidden:
            self.fake_registry.clear_quarantine(self.chance.choice(hidden).name)
        else:
            self.fake_registry.quarantine(self._project()[0])

    def toggle_archive(self) -> None:
        self.fake_registry.archive(self._project()[0])

    def change_role(self) -> None:
        self.fake_registry.add_role(self._project()[0], f"user{self.chance.randint(1, 10**9)}")

    def _number(self) -> int:
        """Return a number that no version has had yet."""
        self.numbered += 1
        return self.numbered

    def _shown(self) -> list[str]:
        return [project.name for project in self.fake_registry.list_projects() if project.is_visible]

    def _project(self) -> tuple[str, list[str]]:
        name = self.chance.choice(self._shown())
        project = self.fake_registry.get_project(normalize_name(name))
        assert project is not None
        return name, list(project.releases)


def simulate_days(plone: World, year: SimulatedYear, days: int) -> list[int]:
    """Simulate days; return the size of the index file in bytes, one a day."""
    sizes = []
    path = Path(plone.deps.admin.get_location())
    plone.fetch()
    for day in range(days):
        year.day()
        if year.chance.random() < 0.4:
            _inject_faults(plone, year)
        if year.chance.random() < 0.2:
            _inject_stale_responses(plone, year)
        plone.clock.advance(DAY)
        report = _run_evening_updates(plone, day)
        assert report.is_complete, (day, report)
        _compare(plone, day)
        sizes.append(path.stat().st_size)
    return sizes


def _inject_faults(plone: World, year: SimulatedYear) -> None:
    """Run while PyPI fails at random; the evening run must correct the result."""
    for _ in range(year.chance.randint(1, 3)):
        kind, request = year.chance.choice(FAULTS), year.chance.choice(REQUESTS)
        plone.pypi.faults.add(Fault(kind, request=request, probability=year.chance.choice([0.1, 0.5, 1.0])))
    year.chance.choice([plone.changes, plone.refresh, plone.fetch, plone.recreate])()
    plone.pypi.faults.clear()


def _inject_stale_responses(plone: World, year: SimulatedYear) -> None:
    """Run while the CDN serves stale responses."""
    plone.pypi.document_lag, plone.pypi.index_lag = 1, year.chance.choice([0, 5])
    year.chance.choice([plone.changes, plone.refresh])()
    plone.pypi.document_lag = plone.pypi.index_lag = 0


def _run_evening_updates(plone: World, day: int) -> IngestReport:
    if day % 30 == 29:
        plone.fetch(allow_mass_removal=True)
    if day % 90 == 89:
        plone.recreate(allow_mass_removal=True)
    if day % 7 == 6:
        plone.refresh(sweep_all=True, allow_mass_removal=True)
        _compare_statuses(plone)
    return plone.changes(allow_mass_removal=True)


def _compare(plone: World, day: int) -> None:
    """The registry does not serve a quarantined package; another test compares whether it is stored."""
    hidden = {p.normalized_name for p in plone.fake_registry.list_projects() if p.status == "quarantined"}
    stored = {id_: d for id_, d in plone.stored().items() if d["name_normalized"] not in hidden}
    assert stored == plone.expected(), f"day {day}"


def _compare_statuses(plone: World) -> None:
    statuses = {project.normalized_name: project.status for project in plone.fake_registry.list_projects()}
    stored = {h.name_normalized: h.project_status for h in plone.deps.index.iter_project_states("plone")}
    assert stored == {name: statuses[name] for name in stored}


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--seed"))


def test_fortnight(tmp_path: Path, seed: int) -> None:
    clock = Clock()
    fake_registry = FakeRegistry(clock=clock)
    year = SimulatedYear(fake_registry, seed)
    with open_world(fake_registry, tmp_path, clock=clock, pypi_max_retries=0) as plone:
        plone.filter = FILTER
        simulate_days(plone, year, 14)


@pytest.mark.slow
def test_year(tmp_path: Path, seed: int) -> None:
    clock = Clock()
    fake_registry = FakeRegistry(clock=clock)
    year = SimulatedYear(fake_registry, seed + 1)
    with open_world(fake_registry, tmp_path, clock=clock, pypi_max_retries=0) as plone:
        plone.filter = FILTER
        sizes = simulate_days(plone, year, 365)

        documents = sum(holding.release_count for holding in plone.deps.index.iter_project_states("plone"))
        assert sizes[-1] < 200_000 + 20_000 * documents
        assert max(sizes[270:]) < 2 * max(sizes[:90]) + 20_000 * documents
