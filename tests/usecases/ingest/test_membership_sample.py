"""The built-in profiles on the sample ecosystem, which has a project for each side of every rule."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.load import load_sample_documents
from support.registry_world import Json, open_world

# It requires Flask, but no source names it.
UNDETECTABLE = {"botdetection"}

REASONS = {
    "flask": {
        "flask": "classifier",
        "flask-login": "classifier",
        "flask-sqlalchemy": "requires",
        "prometheus-flask-exporter": "requires",
        "quart": "requires",
        "botdetection": "",  # see above
        "connexion": "",  # an extra by now
        "moto": "",  # for an extra
        "apispec-webframeworks": "",  # for its tests
        "flask-talisman": "",  # named like it, requires nothing
        "itsdangerous": "",  # mentions it
    },
    "fastapi": {
        "fastapi": "classifier",
        "fastapi-sso": "requires",
        "fastapi-users-db-sqlalchemy": "name",
        "prometheus-fastapi-instrumentator": "include",
        "starlette": "",
        "slowapi": "",
        "sentry-sdk": "",
    },
    "django": {"django": "classifier", "django-htmx": "classifier", "daphne": "", "environs": "", "asgiref": ""},
    "plone": {"products-cmfplone": "classifier", "plone-api": "classifier", "z3c-jbot": ""},
}


def load_documents_without_readmes() -> Iterator[Json]:
    """Yield the sample's documents without READMEs: rendering takes time and has no effect here."""
    for document in load_sample_documents():
        yield {**document, "info": {**document["info"], "description": ""}}


@pytest.mark.parametrize("profile", REASONS)
def test_sample_memberships(tmp_path: Path, profile: str) -> None:
    with open_world(FakeRegistry(load_documents_without_readmes()), tmp_path) as built_world:
        built_world.filter, built_world.collection = load_profiles()[profile].filter, profile

        report = built_world.fetch()

        stored_reasons = {
            id_: (d["name_normalized"], d["membership_reason"]) for id_, d in built_world.stored().items()
        }
        expected_reasons = {
            id_: (d["name_normalized"], d["membership_reason"]) for id_, d in built_world.expected().items()
        }
        assert stored_reasons == {
            id_: name_and_reason
            for id_, name_and_reason in expected_reasons.items()
            if name_and_reason[0] not in UNDETECTABLE
        }
        reasons = dict(stored_reasons.values())
        assert {name: reasons.get(name, "") for name in REASONS[profile]} == REASONS[profile]
        assert report.is_complete
