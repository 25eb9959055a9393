"""The lock of a collection on a server: its owner, its host, and its end without a release."""

import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from pyf.aggregator.adapters import typesense
from pyf.aggregator.adapters.typesense import Server, Typesense
from pyf.aggregator.adapters.typesense.leases import LEASES_COLLECTION, get_process_token, is_dead
from pyf.aggregator.domain.errors import Unavailable
from support.builders import build_state
from support.processes import on_linux, run_python
from support.registry_world import Clock
from support.typesense_fake import ADMIN_KEY, LocalTypesense
from support.waiting import wait_until

HOLD_SCRIPT = """
import sys, time
from pyf.aggregator.adapters import typesense
ports = typesense.build_ports(typesense.Server([sys.argv[1]], sys.argv[2]))
with ports.admin.lock("plone"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


def open_ports(local: LocalTypesense, clock: Clock, lease: float = 60) -> Iterator[Typesense]:
    with closing(Server([local.url], ADMIN_KEY, retry_timeout=1)) as server:
        yield typesense.build_ports(server, now=clock, lease=lease)


@pytest.fixture
def ports(local: LocalTypesense, clock: Clock) -> Iterator[Typesense]:
    yield from open_ports(local, clock)


def lock_from_other_host(local: LocalTypesense, ports: Typesense) -> None:
    """Have another machine hold the right to `plone`, which it took a moment ago."""
    with ports.admin.lock("other"):
        (mine,) = local.store.collection(LEASES_COLLECTION).documents.values()
        elsewhere = {**mine, "id": "plone", "token": "theirs", "holder": "another-machine/pid:[1] 1 1"}
        local.store.collection(LEASES_COLLECTION).write(elsewhere, "create", "reject")


def test_lock_excludes_other_machines(local: LocalTypesense, ports: Typesense) -> None:
    lock_from_other_host(local, ports)

    with pytest.raises(Unavailable, match=r"plone.*wait"), ports.admin.lock("plone"):
        pass


def test_lock_of_silent_machine_expires(local: LocalTypesense, ports: Typesense, clock: Clock) -> None:
    lock_from_other_host(local, ports)
    clock.advance(61)

    with ports.admin.lock("plone"):
        assert len(local.store.collection(LEASES_COLLECTION).documents) == 1

    assert not local.store.collection(LEASES_COLLECTION).documents


def test_lock_of_a_machine_with_a_clock_in_the_future_ends(
    local: LocalTypesense, ports: Typesense, clock: Clock
) -> None:
    clock.advance(100 * 86_400)
    lock_from_other_host(local, ports)
    clock.advance(-100 * 86_400)

    with ports.admin.lock("plone"):
        assert len(local.store.collection(LEASES_COLLECTION).documents) == 1


@on_linux
def test_lock_of_killed_local_process_is_released(local: LocalTypesense, clock: Clock, ports: Typesense) -> None:
    clock.time = time.time()
    program = f"import sys; sys.argv = ['', {local.url!r}, {ADMIN_KEY!r}]\n{HOLD_SCRIPT}"
    with run_python(program) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Unavailable), ports.admin.lock("plone"):
            pass

        holder.kill()
        holder.wait()

        with ports.admin.lock("plone"):
            pass


@on_linux
def test_process_token_contains_start_time() -> None:
    machine, number, _ = get_process_token().split(" ")

    assert not is_dead(get_process_token())
    assert is_dead(f"{machine} {number} 1")
    assert not is_dead(f"another-machine {number} 1")
    assert not is_dead("")


def test_lock_is_renewed_while_it_is_acquired(local: LocalTypesense, clock: Clock) -> None:
    for ports in open_ports(local, clock, lease=0.4):
        with ports.admin.lock("plone"):
            renewed = local.requests.by_kind["update_by_filter"] + 2
            wait_until(lambda goal=renewed: local.requests.by_kind["update_by_filter"] >= goal)


def test_run_that_lost_its_lock_stops(local: LocalTypesense, clock: Clock) -> None:
    """This machine was suspended for so long that another one has taken the lock; it must not go on writing."""
    for ports in open_ports(local, clock, lease=0.2):
        ports.admin.create("plone-1", build_state())
        with ports.admin.lock("plone"):
            local.store.collection(LEASES_COLLECTION).delete("plone")
            time.sleep(0.3)

            with pytest.raises(Unavailable, match="has expired"):
                ports.index.set_state("plone-1", build_state(cursor=1))

        assert ports.index.get_state("plone-1").cursor is None


def test_leases_are_in_no_listing(ports: Typesense) -> None:
    with ports.admin.lock("plone"):
        assert list(ports.admin.list_collections()) == []
        assert ports.admin.resolve(LEASES_COLLECTION) is None
