"""Contract of the lock of a collection for every engine."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.ports import IndexAdmin
from support.builders import build_state

STATE = build_state()


def test_collection_lock_has_one_owner(admin: IndexAdmin) -> None:
    with admin.lock("plone-1"):
        with pytest.raises(Unavailable, match=r"plone-1.*wait"), admin.lock("plone-1"):
            pass
        with admin.lock("django-1"):
            pass

    with admin.lock("plone-1"):
        pass


def test_lock_is_released_after_error(admin: IndexAdmin) -> None:
    with pytest.raises(ZeroDivisionError), admin.lock("plone"):
        raise ZeroDivisionError

    with admin.lock("plone"):
        pass


def test_alias_and_collection_share_lock(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")
    admin.create("plone-2", STATE)

    for held, wanted in (("plone", "plone-1"), ("plone-1", "plone")):
        with admin.lock(held), pytest.raises(Unavailable), admin.lock(wanted):
            pass

    with admin.lock("plone"), admin.lock("plone-2"):
        pass


def test_lock_remains_after_alias_moved(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")
    admin.create("plone-2", STATE)

    with admin.lock("plone"):
        admin.set_alias("plone", "plone-2")
        with pytest.raises(Unavailable), admin.lock("plone"):
            pass


def test_lock_excludes_other_threads(admin: IndexAdmin) -> None:
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
