"""The local PyPI serves recorded documents unchanged."""

import asyncio
from pathlib import Path

import aiohttp
import msgspec
import pytest
from packaging.utils import canonicalize_name

from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.load import load_documents
from pyf.aggregator.sandbox.project import Json
from pyf.aggregator.sandbox.pypi import LocalPyPI


@pytest.fixture(scope="module")
def recorded_documents(shared_data: Path) -> list[Json]:
    folder = shared_data / "pypi"
    return [
        document
        for name in ("napari-projects.jsonl.gz", "plone-derived.jsonl.gz")
        for document in load_documents(folder / name)
    ]


def fetch_served(documents: list[Json], paths: list[str]) -> list[Json]:
    async def ask(url: str) -> list[Json]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=20)) as session:
            return await asyncio.gather(*(one(session, url + path) for path in paths))

    async def one(session: aiohttp.ClientSession, address: str) -> Json:
        async with session.get(address) as response:
            assert response.status == 200, address
            return dict(msgspec.json.decode(await response.read()))

    with LocalPyPI(FakeRegistry(documents)) as pypi:
        return asyncio.run(ask(pypi.url))


def test_project_documents_match_reference(recorded_documents: list[Json]) -> None:
    names = [canonicalize_name(document["info"]["name"]) for document in recorded_documents]

    answers = fetch_served(recorded_documents, [f"/pypi/{name}/json" for name in names])

    for document, response in zip(recorded_documents, answers, strict=True):
        complete = {**document, "ownership": document.get("ownership") or {"organization": None, "roles": []}}
        complete = {key: value for key, value in complete.items() if not key.startswith("_")}
        complete["last_serial"] = complete["last_serial"] or response["last_serial"]
        assert response == complete


def test_release_documents_match_project(recorded_documents: list[Json]) -> None:
    document_versions = [
        (document, version) for document in recorded_documents[:40] for version in document["releases"]
    ]
    paths = [
        f"/pypi/{canonicalize_name(document['info']['name'])}/{version}/json" for document, version in document_versions
    ]

    answers = fetch_served(recorded_documents, paths)

    for (document, version), response in zip(document_versions, answers, strict=True):
        assert response["info"]["version"] == version
        assert response["info"]["summary"] == document["info"]["summary"]
        assert response["urls"] == document["releases"][version]
        assert "releases" not in response
