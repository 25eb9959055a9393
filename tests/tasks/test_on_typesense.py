"""The tasks on an index that a server keeps, as workers on several machines have it."""

from collections.abc import Iterator

import pytest

from tasks.conftest import Site
from typesense_double import LocalTypesense
from worlds import of_server

BOTH = {"classifiers": ["Framework :: Plone", "Framework :: Flask"]}


@pytest.fixture
def served(site: Site) -> Iterator[Site]:
    with LocalTypesense() as server:
        site.set(**of_server(server))
        yield site


def test_a_release_is_found_in_every_profile_and_kept_up(served: Site) -> None:
    served.fill("plone", "flask")
    served.pypi.ecosystem.publish("brand.new", "1.0", info=BOTH)

    served.do("read_rss_new_releases_and_queue")
    served.work()
    served.pypi.ecosystem.yank("brand.new", "1.0")
    served.do("update_changed_packages")

    for collection in ("plone", "flask"):
        (document,) = served.shop.services.index.documents(collection, "brand-new")
        assert document.registry.yanked


def test_a_fetch_is_shared_in_parts(served: Site) -> None:
    served.set(celery_fetch_batch_size=1)

    served.do("full_fetch_all_packages", profile_name="plone")
    served.work()

    assert served.shop.services.index.state("plone").cursor == served.pypi.ecosystem.last_serial
    assert served.versions("plone", "plone-api") == ["1.0", "2.0"]


def test_readmes_are_remembered_where_all_workers_find_them(served: Site) -> None:
    served.pypi.ecosystem.publish("plone.read", "1.0", info={**BOTH, "description": "Read me."})

    served.do("full_fetch_all_packages", profile_name="plone")

    assert len(served.remembered("pyf:rendered:*")) == 1
