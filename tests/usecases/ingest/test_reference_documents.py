"""Real documents: the index contains every release of every member, with any metadata."""

from pathlib import Path

import pytest
from packaging.version import InvalidVersion, Version

from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.load import load_documents
from support.registry_world import open_world

pytestmark = pytest.mark.usefixtures("shared_data")


def _to_sort_key(version: str) -> tuple[bool, bool, Version]:
    try:
        parsed = Version(version)
    except InvalidVersion:
        return False, False, Version("0")
    return True, not parsed.is_prerelease, parsed


@pytest.mark.parametrize(
    ("documents", "classifier", "projects"),
    [("napari-projects.jsonl.gz", "Framework :: napari", 353), ("plone-derived.jsonl.gz", "Framework :: Plone", 14)],
)
def test_reference_releases_are_indexed(
    documents: str, classifier: str, projects: int, shared_data: Path, tmp_path: Path
) -> None:
    fake_registry = FakeRegistry(load_documents(shared_data / "pypi" / documents))

    with open_world(fake_registry, tmp_path, uses_worker_pool=True, pypi_timeout=60) as real:
        real.filter = Filter(classifiers=(classifier,))
        report = real.fetch()

        assert (report.rejected, report.failed, report.indexed) == ([], [], projects)
        assert real.stored() == real.expected()
        for project_state in real.deps.index.iter_project_states("plone"):
            stored_documents = [
                d.registry for d in real.deps.index.get_project_documents("plone", project_state.name_normalized)
            ]
            newest = max(stored_documents, key=lambda fields: (not fields.yanked, *_to_sort_key(fields.version)))
            assert [fields.version for fields in stored_documents if fields.is_newest] == [newest.version]
