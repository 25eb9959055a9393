"""A server that becomes unavailable during a run: the run waits, then ends, and loses nothing."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Thread
from time import sleep
from typing import Any

import pytest

from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner
from support.typesense_fake import ADMIN_KEY, LocalTypesense, open_store
from support.waiting import wait_until

COUNT = 25


@pytest.fixture
def many_projects(pypi: LocalPyPI) -> list[str]:
    """Many projects of Flask, each answered slowly enough that something may happen meanwhile; returns their ids."""
    for number in range(COUNT):
        pypi.registry.publish(f"flask-{number}", "1.0", info={"classifiers": ["Framework :: Flask"]})
    pypi.latency = 0.05
    return sorted([*(f"flask-{number}-1.0" for number in range(COUNT)), "flask-thing-1.0"])


class SwitchableServer:
    """The switch of a server, which keeps what it holds and its port."""

    def __init__(self) -> None:
        self.store = open_store()
        self._stack = ExitStack()
        self._port = 0

    def start(self) -> LocalTypesense:
        server = self._stack.enter_context(LocalTypesense(self.store, port=self._port))
        self._port = server.port
        return server

    def stop(self) -> None:
        self._stack.close()

    @contextmanager
    def stop_for(self, seconds: float) -> Iterator[None]:
        """Switch off, and on again after so long, while the block goes on."""
        self.stop()
        later = Thread(target=lambda: (sleep(seconds), self.start()))
        later.start()
        yield
        later.join()

    def list_ids(self) -> list[str]:
        return sorted(self.store.collection("flask").documents)


@pytest.fixture
def server_switch() -> Iterator[SwitchableServer]:
    power = SwitchableServer()
    yield power
    power.stop()


def build_settings(server: LocalTypesense, patience: float) -> dict[str, Any]:
    return {
        "typesense_nodes": server.url,
        "typesense_api_key": ADMIN_KEY,
        "typesense_retry_timeout": patience,
        "pypi_batch_size": 1,
        "pypi_max_workers": 2,
    }


def wait_for_the_middle(server: LocalTypesense) -> None:
    wait_until(lambda: server.requests.by_kind["import"] >= 2)


@pytest.mark.parametrize(
    ("away", "patience"),
    [pytest.param(1, 10, id="shorter"), pytest.param(10, 60, id="ten seconds", marks=pytest.mark.slow)],
)
def test_short_outage_is_retried_without_loss(
    shell: CommandRunner, many_projects: list[str], server_switch: SwitchableServer, away: float, patience: float
) -> None:
    server = server_switch.start()

    with shell.start("-f", "-p", "flask", "--json", **build_settings(server, patience)) as fetch:
        wait_for_the_middle(server)
        with server_switch.stop_for(away):
            _, err = fetch.communicate(timeout=60)

    assert fetch.returncode == 0, err
    assert server_switch.list_ids() == many_projects
    assert (
        len({document["name_normalized"] for document in server_switch.store.collection("flask").documents.values()})
        == COUNT + 1
    )


@pytest.mark.parametrize(
    "patience", [pytest.param(1, id="shorter"), pytest.param(60, id="a minute", marks=pytest.mark.slow)]
)
def test_long_outage_ends_run_and_next_run_completes(
    shell: CommandRunner, many_projects: list[str], server_switch: SwitchableServer, patience: float
) -> None:
    server = server_switch.start()
    server_settings = build_settings(server, patience)

    with shell.start("-f", "-p", "flask", "--json", **server_settings) as fetch:
        wait_for_the_middle(server)
        server_switch.stop()
        out, err = fetch.communicate(timeout=patience + 60)
    server_switch.start()

    assert fetch.returncode == 4, err
    assert f"the Typesense server at {server.url} does not respond" in out
    assert len(server_switch.list_ids()) < COUNT
    assert '"cursor":null' in server_switch.store.collection("flask").metadata["pyf_state"]
    assert not (shell.folder / ".pyaggregator.since").exists()

    assert shell.invoke("-f", "-p", "flask", **server_settings).code == 0
    assert server_switch.list_ids() == many_projects
