"""Effects of the settings of the Typesense engine."""

from collections.abc import Iterator
from typing import Any

import pytest

from pyf.aggregator.sandbox.faults import Fault
from support.cli_runner import CommandRunner
from support.setting_coverage import covers_setting
from support.typesense_fake import ADMIN_KEY, LocalTypesense


@covers_setting("index_backend")
def test_index_backend(shell: CommandRunner, typesense: LocalTypesense) -> None:
    sqlite_result = shell.invoke("-f", "-p", "flask", **build_typesense_settings(typesense), index_backend="sqlite")

    assert ("Index: sqlite " in sqlite_result.err, typesense.requests.total) == (True, 0)
    assert shell.invoke("-f", "-p", "flask", index_backend="cards").error.startswith("INDEX_BACKEND='cards'")
    keyless = shell.invoke("-f", "-p", "flask", index_backend="typesense")
    assert (keyless.code, keyless.error) == (2, "INDEX_BACKEND=typesense needs TYPESENSE_API_KEY")


@pytest.fixture
def typesense() -> Iterator[LocalTypesense]:
    with LocalTypesense() as server:
        yield server


def build_typesense_settings(server: LocalTypesense, **settings: Any) -> dict[str, Any]:
    """Return the settings that select a server."""
    defaults = {"typesense_host": "127.0.0.1", "typesense_port": server.port, "typesense_api_key": ADMIN_KEY}
    return defaults | {"typesense_retry_timeout": 1} | settings


@covers_setting("typesense_api_key")
@covers_setting("typesense_port")
def test_typesense_api_key(shell: CommandRunner, typesense: LocalTypesense) -> None:
    result = shell.invoke("-f", "-p", "flask", **build_typesense_settings(typesense))

    assert f"Index: typesense {typesense.url}, collection: flask" in result.err
    assert list(typesense.store.collection("flask").documents) == ["flask-thing-1.0"]
    refusal = shell.invoke("-i", "-p", "flask", **build_typesense_settings(typesense, typesense_api_key="another"))
    assert (refusal.code, "does not accept this TYPESENSE_API_KEY" in refusal.error) == (2, True)
    assert "another" not in refusal.err


@covers_setting("typesense_host")
@covers_setting("typesense_protocol")
@pytest.mark.parametrize(
    ("setting", "value", "address"),
    [("typesense_host", "127.0.0.2", "http://127.0.0.2:"), ("typesense_protocol", "https", "https://127.0.0.1:")],
)
def test_typesense_address(
    shell: CommandRunner, typesense: LocalTypesense, setting: str, value: str, address: str
) -> None:
    result = shell.invoke(
        "-f", "-p", "flask", **build_typesense_settings(typesense, **{setting: value, "typesense_retry_timeout": 0})
    )

    assert (result.code, f"the Typesense server at {address}{typesense.port} does not respond" in result.error) == (
        4,
        True,
    )


@covers_setting("typesense_nodes")
def test_typesense_nodes(shell: CommandRunner, typesense: LocalTypesense) -> None:
    nodes = f"http://127.0.0.1:1, {typesense.url}/"

    result = shell.invoke(
        "-f",
        "-p",
        "flask",
        **build_typesense_settings(typesense, typesense_nodes=nodes, typesense_host="nowhere.example"),
    )

    assert (result.code, len(typesense.store.collection("flask").documents)) == (0, 1)


@covers_setting("typesense_timeout")
@pytest.mark.parametrize(("timeout", "code"), [(0.1, 4), (30, 0)])
def test_typesense_timeout(shell: CommandRunner, typesense: LocalTypesense, timeout: float, code: int) -> None:
    typesense.faults.add(Fault("slow", request="health", pause=0.2))

    result = shell.invoke("-f", "-p", "flask", **build_typesense_settings(typesense, typesense_timeout=timeout))

    assert result.code == code


@covers_setting("typesense_retry_timeout")
@pytest.mark.parametrize(("patience", "code"), [(0, 4), (10, 0)])
def test_typesense_retry_timeout(shell: CommandRunner, typesense: LocalTypesense, patience: float, code: int) -> None:
    typesense.faults.add(Fault("503", request="import", times=3))

    result = shell.invoke("-f", "-p", "flask", **build_typesense_settings(typesense, typesense_retry_timeout=patience))

    assert result.code == code
