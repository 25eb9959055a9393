"""A server that goes away in the middle of a run: it is waited for, and given up in the end, and nothing is lost."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Thread
from time import sleep
from typing import Any

import pytest

from pyf.aggregator.sample.services import LocalPyPI
from shell import Shell, wait_until
from typesense_double import ADMIN_KEY, LocalTypesense, Store

COUNT = 25


@pytest.fixture
def crowd(pypi: LocalPyPI) -> list[str]:
    """Many projects of Flask, each answered slowly enough that something may happen meanwhile; returns their ids."""
    for number in range(COUNT):
        pypi.ecosystem.publish(f"flask-{number}", "1.0", info={"classifiers": ["Framework :: Flask"]})
    pypi.latency = 0.05
    return sorted([*(f"flask-{number}-1.0" for number in range(COUNT)), "flask-thing-1.0"])


class Power:
    """The switch of a server, which keeps what it holds and its port."""

    def __init__(self) -> None:
        self.store = Store()
        self._stack = ExitStack()
        self._port = 0

    def on(self) -> LocalTypesense:
        server = self._stack.enter_context(LocalTypesense(self.store, port=self._port))
        self._port = server.port
        return server

    def off(self) -> None:
        self._stack.close()

    @contextmanager
    def off_for(self, seconds: float) -> Iterator[None]:
        """Switch off, and on again after so long, while the block goes on."""
        self.off()
        later = Thread(target=lambda: (sleep(seconds), self.on()))
        later.start()
        yield
        later.join()

    def ids(self) -> list[str]:
        return sorted(self.store.collection("flask").documents)


@pytest.fixture
def power() -> Iterator[Power]:
    power = Power()
    yield power
    power.off()


def settings(server: LocalTypesense, patience: float) -> dict[str, Any]:
    return {
        "typesense_nodes": server.url,
        "typesense_api_key": ADMIN_KEY,
        "typesense_patience": patience,
        "pypi_batch_size": 1,
        "pypi_max_workers": 2,
    }


def wait_for_the_middle(server: LocalTypesense) -> None:
    wait_until(lambda: server.requests.by_kind["import"] >= 2)


@pytest.mark.parametrize(
    ("away", "patience"),
    [pytest.param(1, 10, id="shorter"), pytest.param(10, 60, id="ten seconds", marks=pytest.mark.slow)],
)
def test_a_server_that_stops_for_a_while_is_waited_for_and_nothing_is_lost_or_doubled(
    shell: Shell, crowd: list[str], power: Power, away: float, patience: float
) -> None:
    server = power.on()

    with shell.start("-f", "-p", "flask", "--json", **settings(server, patience)) as fetch:
        wait_for_the_middle(server)
        with power.off_for(away):
            _, err = fetch.communicate(timeout=60)

    assert fetch.returncode == 0, err
    assert power.ids() == crowd
    assert (
        len({document["name_normalized"] for document in power.store.collection("flask").documents.values()})
        == COUNT + 1
    )


@pytest.mark.parametrize(
    "patience", [pytest.param(1, id="shorter"), pytest.param(60, id="a minute", marks=pytest.mark.slow)]
)
def test_a_server_that_stays_away_ends_the_run_and_a_second_one_completes_it(
    shell: Shell, crowd: list[str], power: Power, patience: float
) -> None:
    server = power.on()
    chosen = settings(server, patience)

    with shell.start("-f", "-p", "flask", "--json", **chosen) as fetch:
        wait_for_the_middle(server)
        power.off()
        out, err = fetch.communicate(timeout=patience + 60)
    power.on()

    assert fetch.returncode == 4, err
    assert f"the Typesense server at {server.url} does not answer" in out
    assert len(power.ids()) < COUNT
    assert '"cursor":null' in power.store.collection("flask").metadata["pyf_state"]
    assert not (shell.folder / ".pyaggregator.since").exists()

    assert shell.call("-f", "-p", "flask", **chosen).code == 0
    assert power.ids() == crowd
