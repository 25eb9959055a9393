"""Test the built-in profiles on real packages: labelled members match, near misses do not."""

import gzip
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from packaging.utils import canonicalize_name

from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.project import build_empty_info
from support.registry_world import Json, World, open_world

# Real packages that are named like the framework, mention it or require it, and are no members; each was checked by
# hand. The first kind does not require it at run time. The requirements of the second are unknown here. The third has
# an unrelated name: only a bulk source or `PYPI_DISCOVERY=all` finds it.
CLOSE = {
    "flask": {"flask-talisman"},
    "fastapi": {"fastapi-mail", "slowapi", "sqladmin"},
    "django": {"awesome-django", "flask-mailman", "purldb"},
}
UNKNOWN = {
    "flask": {"flask-appbuilder", "flask-assets", "flask-restx", "pytest-flask"},
    "fastapi": {"fastapi-jwt-auth"},
    "django": set(),
}
UNDETECTABLE = {"flask": set(), "fastapi": set(), "django": {"djangopackages"}}

# A judged package that has no document in the reference data.
MISSING = {"django-impersonate"}


def load_relevance(shared_data: Path) -> tuple[list[Json], list[Json]]:
    folder = shared_data / "relevance"
    with gzip.open(folder / "projects.jsonl.gz") as lines:
        projects = [msgspec.json.decode(line) for line in lines]
    queries = [msgspec.json.decode(line) for line in (folder / "queries.jsonl").read_bytes().splitlines()]
    return projects, queries


def build_document(project: Json) -> Json:
    """Return a project as a registry serves it, without its README: rendering takes time and has no effect here."""
    info = build_empty_info(project["info"]["name"], project["info"]["version"]) | {
        **project["info"],
        "description": "",
    }
    return {"info": info, "last_serial": None, "releases": {info["version"]: []}}


def list_known_names(projects: list[Json]) -> set[str]:
    """Return the names of the packages whose requirements are known."""
    return {canonicalize_name(p["info"]["name"]) for p in projects if p["_facts"]["requires_dist_from"]}


def read_reasons(built_world: World) -> Mapping[str, str]:
    return {
        d.registry.name_normalized: d.registry.membership_reason
        for d in built_world.deps.index.export(built_world.collection)
    }


@pytest.mark.parametrize("profile", ["flask", "fastapi", "django"])
def test_reference_members_have_expected_reason(shared_data: Path, tmp_path: Path, profile: str) -> None:
    projects, queries = load_relevance(shared_data)
    graded_names = {
        canonicalize_name(name)
        for query in queries
        if query["profile"] == profile
        for name in (*query["must_top3"], *query["must_top10"])
    }
    with open_world(FakeRegistry(map(build_document, projects)), tmp_path) as built_world:
        built_world.filter, built_world.collection = load_profiles()[profile].filter, profile

        built_world.fetch()

        stored_reasons = read_reasons(built_world)
        assert graded_names & list_known_names(projects) <= stored_reasons.keys()
        assert graded_names - list_known_names(projects) - stored_reasons.keys() <= UNKNOWN[profile] | MISSING
        expected_reasons = {d["name_normalized"]: d["membership_reason"] for d in built_world.expected().values()}
        assert stored_reasons == {
            name: reason for name, reason in expected_reasons.items() if name not in UNDETECTABLE[profile]
        }


@pytest.mark.parametrize("profile", ["flask", "fastapi", "django"])
def test_near_misses_are_not_members(shared_data: Path, tmp_path: Path, profile: str) -> None:
    projects, _ = load_relevance(shared_data)
    with open_world(FakeRegistry(map(build_document, projects)), tmp_path) as built_world:
        built_world.filter, built_world.collection = load_profiles()[profile].filter, profile

        built_world.fetch()

        out = [
            project["info"]
            for project in projects
            if canonicalize_name(project["info"]["name"]) not in read_reasons(built_world)
        ]
        close = {canonicalize_name(info["name"]) for info in out if profile in to_self_description(info)}
        assert close == CLOSE[profile] | UNKNOWN[profile] | UNDETECTABLE[profile]


def test_bulk_source_adds_packages_of_other_names(shared_data: Path, tmp_path: Path) -> None:
    projects, _ = load_relevance(shared_data)
    (tmp_path / "names.txt").write_text("\n".join(project["info"]["name"] for project in projects))
    with open_world(
        FakeRegistry(map(build_document, projects)), tmp_path, candidates_file=str(tmp_path / "names.txt")
    ) as built_world:
        built_world.filter, built_world.collection = load_profiles()["django"].filter, "django"

        built_world.fetch()

        assert read_reasons(built_world)["djangopackages"] == "requires"
        assert built_world.stored() == built_world.expected()


def to_self_description(info: Json) -> str:
    return " ".join([info["name"], info["summary"] or "", *(info["requires_dist"] or [])]).lower()
