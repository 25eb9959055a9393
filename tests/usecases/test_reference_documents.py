"""The real documents: every release of every project that belongs is in the index, whatever its metadata holds."""

from pathlib import Path

import pytest
from packaging.version import InvalidVersion, Version

from pyf.aggregator.domain.profile import Filter
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.load import load
from worlds import world

pytestmark = pytest.mark.usefixtures("shared_data")


def _standing(version: str) -> tuple[bool, bool, Version]:
    try:
        parsed = Version(version)
    except InvalidVersion:
        return False, False, Version("0")
    return True, not parsed.is_prerelease, parsed


@pytest.mark.parametrize(
    ("documents", "classifier", "projects"),
    [("napari-projects.jsonl.gz", "Framework :: napari", 353), ("plone-derived.jsonl.gz", "Framework :: Plone", 14)],
)
def test_every_release_is_indexed_and_none_rejected(
    documents: str, classifier: str, projects: int, shared_data: Path, tmp_path: Path
) -> None:
    ecosystem = Ecosystem(load(shared_data / "pypi" / documents))

    with world(ecosystem, tmp_path, pooled=True, pypi_timeout=60) as real:
        real.filter = Filter(classifiers=(classifier,))
        report = real.fetch()

        assert (report.rejected, report.failed, report.indexed) == ([], [], projects)
        assert real.held() == real.due()
        for holding in real.services.index.holdings("plone"):
            held = [d.registry for d in real.services.index.documents("plone", holding.name_normalized)]
            newest = max(held, key=lambda fields: (not fields.yanked, *_standing(fields.version)))
            assert [fields.version for fields in held if fields.is_newest] == [newest.version]
