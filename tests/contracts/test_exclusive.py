"""What every engine must do with the right to rewrite a collection."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from builders import collection_state
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.ports import IndexAdmin

STATE = collection_state()


def test_the_right_to_rewrite_a_collection_is_held_by_one_at_a_time(admin: IndexAdmin) -> None:
    with admin.exclusive("plone-1"):
        with pytest.raises(Unavailable, match=r"plone-1.*wait"), admin.exclusive("plone-1"):
            pass
        with admin.exclusive("django-1"):
            pass

    with admin.exclusive("plone-1"):
        pass


def test_the_right_is_given_back_when_the_work_fails(admin: IndexAdmin) -> None:
    with pytest.raises(ZeroDivisionError), admin.exclusive("plone"):
        raise ZeroDivisionError

    with admin.exclusive("plone"):
        pass


def test_the_right_to_an_alias_is_the_right_to_its_collection(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")
    admin.create("plone-2", STATE)

    for held, wanted in (("plone", "plone-1"), ("plone-1", "plone")):
        with admin.exclusive(held), pytest.raises(Unavailable), admin.exclusive(wanted):
            pass

    with admin.exclusive("plone"), admin.exclusive("plone-2"):
        pass


def test_the_right_to_an_alias_is_still_held_when_the_alias_has_moved(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")
    admin.create("plone-2", STATE)

    with admin.exclusive("plone"):
        admin.point("plone", "plone-2")
        with pytest.raises(Unavailable), admin.exclusive("plone"):
            pass


def test_a_thread_keeps_another_thread_out(admin: IndexAdmin) -> None:
    taken, let_go = Event(), Event()

    def hold() -> None:
        with admin.exclusive("plone"):
            taken.set()
            let_go.wait(timeout=30)

    with ThreadPoolExecutor() as pool:
        holder = pool.submit(hold)
        taken.wait(timeout=30)
        with pytest.raises(Unavailable), admin.exclusive("plone"):
            pass
        let_go.set()
        holder.result()
        with admin.exclusive("plone"):
            pass
