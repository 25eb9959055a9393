"""The local PyPI gives back recorded documents as they were recorded."""

import asyncio
from pathlib import Path

import aiohttp
import msgspec
import pytest
from packaging.utils import canonicalize_name

from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.load import load
from pyf.aggregator.sample.project import Json
from pyf.aggregator.sample.services import LocalPyPI


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> list[Json]:
    folder = shared_data / "pypi"
    return [
        document for name in ("napari-projects.jsonl.gz", "plone-derived.jsonl.gz") for document in load(folder / name)
    ]


def served(documents: list[Json], paths: list[str]) -> list[Json]:
    async def ask(url: str) -> list[Json]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=20)) as session:
            return await asyncio.gather(*(one(session, url + path) for path in paths))

    async def one(session: aiohttp.ClientSession, address: str) -> Json:
        async with session.get(address) as answer:
            assert answer.status == 200, address
            return dict(msgspec.json.decode(await answer.read()))

    with LocalPyPI(Ecosystem(documents)) as pypi:
        return asyncio.run(ask(pypi.url))


def test_project_documents_are_served_as_recorded(recorded: list[Json]) -> None:
    names = [canonicalize_name(document["info"]["name"]) for document in recorded]

    answers = served(recorded, [f"/pypi/{name}/json" for name in names])

    for document, answer in zip(recorded, answers, strict=True):
        complete = {**document, "ownership": document.get("ownership") or {"organization": None, "roles": []}}
        complete = {key: value for key, value in complete.items() if not key.startswith("_")}
        complete["last_serial"] = complete["last_serial"] or answer["last_serial"]
        assert answer == complete


def test_release_documents_are_the_project_with_the_releases_version_and_files(recorded: list[Json]) -> None:
    wanted = [(document, version) for document in recorded[:40] for version in document["releases"]]
    paths = [f"/pypi/{canonicalize_name(document['info']['name'])}/{version}/json" for document, version in wanted]

    answers = served(recorded, paths)

    for (document, version), answer in zip(wanted, answers, strict=True):
        assert answer["info"]["version"] == version
        assert answer["info"]["summary"] == document["info"]["summary"]
        assert answer["urls"] == document["releases"][version]
        assert "releases" not in answer
