"""Contract of the lock of a collection for every engine."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.ports import IndexAdmin
from support.builders import build_state

STATE = build_state()


def test_the_lock_to_rewrite_a_collection_is_held_by_one_at_a_time(admin: IndexAdmin) -> None:
    with admin.lock("plone-1"):
        with pytest.raises(Unavailable, match=r"plone-1.*wait"), admin.lock("plone-1"):
            pass
        with admin.lock("django-1"):
            pass

    with admin.lock("plone-1"):
        pass


def test_the_lock_is_given_back_when_the_work_fails(admin: IndexAdmin) -> None:
    with pytest.raises(ZeroDivisionError), admin.lock("plone"):
        raise ZeroDivisionError

    with admin.lock("plone"):
        pass


def test_the_lock_to_an_alias_is_the_lock_to_its_collection(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")
    admin.create("plone-2", STATE)

    for held, wanted in (("plone", "plone-1"), ("plone-1", "plone")):
        with admin.lock(held), pytest.raises(Unavailable), admin.lock(wanted):
            pass

    with admin.lock("plone"), admin.lock("plone-2"):
        pass


def test_the_lock_to_an_alias_is_still_held_when_the_alias_has_moved(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")
    admin.create("plone-2", STATE)

    with admin.lock("plone"):
        admin.set_alias("plone", "plone-2")
        with pytest.raises(Unavailable), admin.lock("plone"):
            pass


def test_a_thread_keeps_another_thread_out(admin: IndexAdmin) -> None:
    taken, let_go = Event(), Event()

    def hold() -> None:
        with admin.lock("plone"):
            taken.set()
            let_go.wait(timeout=30)

    with ThreadPoolExecutor() as pool:
        holder = pool.submit(hold)
        taken.wait(timeout=30)
        with pytest.raises(Unavailable), admin.lock("plone"):
            pass
        let_go.set()
        holder.result()
        with admin.lock("plone"):
            pass
