"""The built-in profiles on the sample ecosystem, in which there is a project on every side of the fence."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyf.aggregator.adapters.profiles import load_profiles
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.load import sample_documents
from worlds import Json, world

# Whom nobody tells of: it requires Flask, and its name says nothing.
UNTOLD = {"botdetection"}

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


def without_readmes() -> Iterator[Json]:
    """Yield the sample's documents without what takes time to render and has no say."""
    for document in sample_documents():
        yield {**document, "info": {**document["info"], "description": ""}}


@pytest.mark.parametrize("profile", REASONS)
def test_everybody_is_where_they_belong(tmp_path: Path, profile: str) -> None:
    with world(Ecosystem(without_readmes()), tmp_path) as made:
        made.filter, made.collection = load_profiles()[profile].filter, profile

        report = made.fetch()

        held = {id_: (d["name_normalized"], d["member_because"]) for id_, d in made.held().items()}
        due = {id_: (d["name_normalized"], d["member_because"]) for id_, d in made.due().items()}
        assert held == {id_: told for id_, told in due.items() if told[0] not in UNTOLD}
        reasons = dict(held.values())
        assert {name: reasons.get(name, "") for name in REASONS[profile]} == REASONS[profile]
        assert report.is_whole
