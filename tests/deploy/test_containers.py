"""Static checks of the container files, without a container engine."""

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

from pyf.aggregator.settings import SETTINGS, load_settings
from support.typesense_fake import LocalTypesense

ROOT = Path(__file__).parents[2]

# Keys of the dev container specification: common ones, and those for images.
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
def compose_file() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def built_services(compose_file: Any) -> dict[str, Any]:
    return {name: service for name, service in compose_file["services"].items() if "build" in service}


def test_compose_file_matches_schema() -> None:
    schema = json.loads(files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text())
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())

    jsonschema.validate(composed, schema)
    composed["services"]["valkey"]["port"] = "6379"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(composed, schema)


def test_compose_default_services_run_the_embedded_engine(compose_file: Any) -> None:
    profiles = {name: service.get("profiles", []) for name, service in compose_file["services"].items()}

    assert profiles == {
        "watch": [],
        "page": [],
        "worker": ["queue"],
        "beat": ["queue"],
        "valkey": ["queue"],
        "typesense": ["typesense"],
    }
    assert compose_file["services"]["typesense"]["ports"] == ["127.0.0.1:8108:8108"]
    assert compose_file["services"]["valkey"]["ports"] == ["127.0.0.1:6379:6379"]


def test_compose_needs_no_variable(compose_file: Any) -> None:
    """Compose replaces the variables of all services, those of other profiles included."""
    text = (ROOT / "docker-compose.yml").read_text()

    assert re.findall(r"(?<!\$)\$(?!\$)\{?(\w+)(\S{0,2})", text) == [
        ("DEFAULT_PROFILE", ":-"),
        ("TYPESENSE_API_KEY", ":-"),
    ]
    for service in compose_file["services"].values():
        for name, dependency in service.get("depends_on", {}).items():
            same_profile = compose_file["services"][name]["profiles"] == service.get("profiles")
            assert dependency.get("required", True) is same_profile


def test_compose_logs_are_bounded(compose_file: Any) -> None:
    assert {service["logging"]["options"]["max-size"] for service in compose_file["services"].values()} == {"10m"}


def test_compose_environment_of_the_example_is_embedded(
    built_services: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text((ROOT / "example.env").read_text())
    chosen = {name.lower(): value for name, value in built_services["watch"]["environment"].items()}

    settings = load_settings(**chosen)

    assert (settings.engine, settings.sqlite_path) == ("sqlite", "/data/pyf.sqlite3")


def test_compose_ports_are_loopback_only(compose_file: Any) -> None:
    ports = [port for service in compose_file["services"].values() for port in service.get("ports", ())]

    assert len(ports) == 4
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_compose_data_is_in_named_volumes(compose_file: Any) -> None:
    mounts = [mount for service in compose_file["services"].values() for mount in service.get("volumes", ())]

    assert {mount.partition(":")[0] for mount in mounts} == compose_file["volumes"].keys()


def test_compose_services_have_health_checks(compose_file: Any) -> None:
    assert {name for name, service in compose_file["services"].items() if "healthcheck" not in service} == {
        "beat",
        "watch",
    }


def test_compose_services_are_hardened(built_services: dict[str, Any]) -> None:
    for service in built_services.values():
        assert (service["read_only"], service["cap_drop"], service["tmpfs"]) == (True, ["ALL"], ["/tmp"])
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_compose_settings_are_valid(built_services: dict[str, Any]) -> None:
    for service in built_services.values():
        chosen = {name.lower(): value for name, value in service["environment"].items()}

        assert chosen.keys() <= SETTINGS.keys()
        load_settings(**chosen)


def test_compose_commands_exist(built_services: dict[str, Any]) -> None:
    scripts = {script.name for script in entry_points(group="console_scripts")}

    commands = [" ".join(service["command"]).removeprefix("sh -c ") for service in built_services.values()]
    names = {part.removeprefix("exec ").split()[0] for command in commands for part in command.split("; ")}
    assert names <= scripts


@pytest.mark.parametrize(("is_there", "code"), [(True, 0), (False, 1)])
def test_typesense_health_check_uses_available_tools(compose_file: Any, is_there: bool, code: int) -> None:
    test = compose_file["services"]["typesense"]["healthcheck"]["test"]
    with LocalTypesense() as typesense:
        port = typesense.url.rpartition(":")[2] if is_there else "1"

        command = [argument.replace("8108", port) for argument in test[1:]]

        assert subprocess.run(command, capture_output=True, timeout=30).returncode == code


def test_image_runs_unprivileged() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()

    bases = [line for line in lines if line.startswith("FROM ")]
    assert bases == ["FROM python:3.13-slim AS build", "FROM python:3.13-slim"]
    last = lines[lines.index(bases[1]) :]
    assert [line for line in last if line.startswith("USER ")] == ["USER 10001"]
    assert not [line for line in last if line.startswith(("ADD ", "RUN python", "RUN pip"))]


def test_image_sources_are_in_the_build_context() -> None:
    dockerfile, ignored = (ROOT / "Dockerfile").read_text(), (ROOT / ".dockerignore").read_text().splitlines()

    copied = [
        name for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE) for name in line.split()[:-1]
    ]

    assert ignored[0] == "*"
    assert sorted(copied) == sorted(line.removeprefix("!") for line in ignored if line.startswith("!"))
    assert all((ROOT / name).exists() for name in copied)


def test_dev_container_installs_everything() -> None:
    config = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())

    assert all(isinstance(value, DEVCONTAINER[name]) for name, value in config.items())
    assert "make .venv/.ready" in config["postCreateCommand"]
    assert "redis-server" in config["onCreateCommand"]
    made = (ROOT / "Makefile").read_text()
    assert "READY = $(VENV)/.ready" in made
    assert "--require-hashes --no-deps -r requirements.txt" in made
