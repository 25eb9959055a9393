"""The files for containers, which no engine is at hand to run: what can be known of them without one."""

import json
import re
import subprocess
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from pyf.aggregator.settings import Settings, load_settings
from support.typesense_fake import LocalTypesense

ROOT = Path(__file__).parents[2]

# From the dev container specification: what every kind of `devcontainer.json` may hold, and one that names an image.
DEVCONTAINER = {
    "name": str,
    "image": str,
    "features": dict,
    "forwardPorts": list,
    "portsAttributes": dict,
    "containerEnv": dict,
    "remoteEnv": dict,
    "remoteUser": str,
    "onCreateCommand": str,
    "updateContentCommand": str,
    "postCreateCommand": str,
    "customizations": dict,
}


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def ours(compose: Any) -> dict[str, Any]:
    return {name: service for name, service in compose["services"].items() if "build" in service}


def test_the_compose_file_keeps_to_the_published_schema() -> None:
    schema = json.loads(files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text())
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())

    jsonschema.validate(composed, schema)
    composed["services"]["valkey"]["port"] = "6379"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(composed, schema)


def test_the_documented_services_start_without_a_profile(compose: Any) -> None:
    plain = {name: service["image"] for name, service in compose["services"].items() if "profiles" not in service}

    assert plain == {"typesense": "typesense/typesense:30.0", "valkey": "valkey/valkey:8"}
    assert compose["services"]["typesense"]["ports"] == ["127.0.0.1:8108:8108"]
    assert compose["services"]["valkey"]["ports"] == ["127.0.0.1:6379:6379"]


def test_nothing_is_open_to_other_machines(compose: Any) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", ())]

    assert len(ports) == 4
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_data_is_in_named_volumes(compose: Any) -> None:
    mounts = [mount for service in compose["services"].values() for mount in service.get("volumes", ())]

    assert {mount.partition(":")[0] for mount in mounts} == compose["volumes"].keys()


def test_each_service_but_the_clock_can_be_asked_for_its_health(compose: Any) -> None:
    assert {name for name, service in compose["services"].items() if "healthcheck" not in service} == {"beat"}


def test_the_program_may_do_nothing_but_its_work(ours: dict[str, Any]) -> None:
    assert {name: service["profiles"] for name, service in ours.items()} == {
        "worker": ["worker"],
        "beat": ["beat"],
        "page": ["page"],
    }
    for service in ours.values():
        assert (service["read_only"], service["cap_drop"], service["tmpfs"]) == (True, ["ALL"], ["/tmp"])
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_the_settings_in_the_compose_file_exist_and_are_accepted(ours: dict[str, Any]) -> None:
    for service in ours.values():
        chosen = {name.lower(): value for name, value in service["environment"].items()}

        assert chosen.keys() <= Settings.model_fields.keys()
        load_settings(**chosen)


def test_the_commands_of_the_containers_exist(ours: dict[str, Any]) -> None:
    scripts = {script.name for script in entry_points(group="console_scripts")}

    assert {service["command"][0] for service in ours.values()} <= scripts


@pytest.mark.parametrize(("is_there", "code"), [(True, 0), (False, 1)])
def test_typesenses_health_is_asked_for_with_what_its_image_has(compose: Any, is_there: bool, code: int) -> None:
    test = compose["services"]["typesense"]["healthcheck"]["test"]
    with LocalTypesense() as typesense:
        port = typesense.url.rpartition(":")[2] if is_there else "1"

        asked = [argument.replace("8108", port) for argument in test[1:]]

        assert subprocess.run(asked, capture_output=True, timeout=30).returncode == code


def test_the_image_runs_as_nobody_in_particular() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()

    bases = [line for line in lines if line.startswith("FROM ")]
    assert bases == ["FROM python:3.13-slim AS build", "FROM python:3.13-slim"]
    last = lines[lines.index(bases[1]) :]
    assert [line for line in last if line.startswith("USER ")] == ["USER 10001"]
    assert not [line for line in last if line.startswith(("ADD ", "RUN python", "RUN pip"))]


def test_all_that_the_image_is_built_from_is_there_and_let_in() -> None:
    dockerfile, ignored = (ROOT / "Dockerfile").read_text(), (ROOT / ".dockerignore").read_text().splitlines()

    copied = [
        name for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE) for name in line.split()[:-1]
    ]

    assert ignored[0] == "*"
    assert sorted(copied) == sorted(line.removeprefix("!") for line in ignored if line.startswith("!"))
    assert all((ROOT / name).exists() for name in copied)


def test_the_dev_container_installs_everything() -> None:
    told = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())

    assert all(isinstance(value, DEVCONTAINER[name]) for name, value in told.items())
    assert "make .venv/.ready" in told["postCreateCommand"]
    assert "redis-server" in told["onCreateCommand"]
    made = (ROOT / "Makefile").read_text()
    assert "READY = $(VENV)/.ready" in made
    assert "--require-hashes --no-deps -r requirements.txt" in made
