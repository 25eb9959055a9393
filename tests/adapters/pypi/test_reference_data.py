"""Real documents of projects."""

from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.http.service_client import ServiceClient, ServiceLimits
from pyf.aggregator.adapters.pypi import PyPIRegistry
from pyf.aggregator.domain.documents.project import Project
from pyf.aggregator.ports import ProjectRequest
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.load import load_documents
from pyf.aggregator.sandbox.pypi import LocalPyPI


@pytest.mark.parametrize("file", ["napari-projects.jsonl.gz", "plone-derived.jsonl.gz"])
def test_reference_data_is_read_completely(shared_data: Path, file: str) -> None:
    documents = {
        canonicalize_name(project_file["info"]["name"]): project_file
        for project_file in load_documents(shared_data / "pypi" / file)
    }

    with LocalPyPI(FakeRegistry(documents.values())) as pypi, HttpClient() as http:
        registry = PyPIRegistry(ServiceClient(http, ServiceLimits()), pypi.url)
        readings = {
            reading.name: reading for reading in registry.read_projects(ProjectRequest(name=name) for name in documents)
        }
        requests = pypi.requests.total

    assert readings.keys() == documents.keys()
    for name, document in documents.items():
        project = readings[name].outcome
        assert isinstance(project, Project), name
        assert {release.version: len(release.files) for release in project.releases} == {
            version: len(files) for version, files in document["releases"].items()
        }
        assert all(release.metadata is not None for release in project.releases), name
        assert project.newest_release.version == document["info"]["version"]
        newest = project.newest_release.metadata
        assert newest is not None
        assert newest.description == (document["info"]["description"] or "")
        assert newest.classifiers == tuple(document["info"]["classifiers"] or ())
    assert http.count() == requests == sum(len(document["releases"]) for document in documents.values())
