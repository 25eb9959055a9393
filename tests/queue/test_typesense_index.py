"""The tasks on an index that a server keeps, as workers on several machines have it."""

from collections.abc import Iterator

import pytest
from tasks.conftest import QueueSite

from support.registry_world import build_server_settings
from support.typesense_fake import LocalTypesense

BOTH = {"classifiers": ["Framework :: Plone", "Framework :: Flask"]}


@pytest.fixture
def served(site: QueueSite) -> Iterator[QueueSite]:
    with LocalTypesense() as server:
        site.configure(**build_server_settings(server))
        yield site


def test_release_is_indexed_and_updated_on_typesense(served: QueueSite) -> None:
    served.fill("plone", "flask")
    served.pypi.registry.publish("brand.new", "1.0", info=BOTH)

    served.run_task("read_rss_new_releases_and_queue")
    served.run_queued()
    served.pypi.registry.yank("brand.new", "1.0")
    served.run_task("update_changed_packages")

    for collection in ("plone", "flask"):
        (document,) = served.context.deps.index.get_project_documents(collection, "brand-new")
        assert document.registry.yanked


def test_sharded_fetch_on_typesense(served: QueueSite) -> None:
    served.configure(celery_fetch_batch_size=1)

    served.run_task("full_fetch_all_packages", profile_name="plone")
    served.run_queued()

    assert served.context.deps.index.get_state("plone").cursor == served.pypi.registry.last_serial
    assert served.versions("plone", "plone-api") == ["1.0", "2.0"]


def test_rendered_readmes_are_cached_in_redis(served: QueueSite) -> None:
    served.pypi.registry.publish("plone.read", "1.0", info={**BOTH, "description": "Read me."})

    served.run_task("full_fetch_all_packages", profile_name="plone")

    assert len(served.redis_keys("pyf:rendered:*")) == 1
