"""Tasks on a Typesense index."""

from collections.abc import Iterator

import pytest

from support.queue_site import QueueSite
from support.registry_world import build_server_settings
from support.typesense_fake import LocalTypesense

BOTH = {"classifiers": ["Framework :: Plone", "Framework :: Flask"]}


@pytest.fixture
def typesense_site(site: QueueSite) -> Iterator[QueueSite]:
    with LocalTypesense() as server:
        site.configure(**build_server_settings(server))
        yield site


def test_release_is_indexed_and_updated_on_typesense(typesense_site: QueueSite) -> None:
    typesense_site.fill("plone", "flask")
    typesense_site.pypi.registry.publish("brand.new", "1.0", info=BOTH)

    typesense_site.run_task("read_rss_new_releases_and_queue")
    typesense_site.run_queued()
    typesense_site.pypi.registry.yank("brand.new", "1.0")
    typesense_site.run_task("update_changed_packages")

    for collection in ("plone", "flask"):
        (document,) = typesense_site.context.deps.index.get_project_documents(collection, "brand-new")
        assert document.registry.yanked


def test_sharded_fetch_on_typesense(typesense_site: QueueSite) -> None:
    typesense_site.configure(celery_fetch_batch_size=1)

    typesense_site.run_task("full_fetch_all_packages", profile_name="plone")
    typesense_site.run_queued()

    assert typesense_site.context.deps.index.get_state("plone").cursor == typesense_site.pypi.registry.last_serial
    assert typesense_site.versions("plone", "plone-api") == ["1.0", "2.0", "3.0a1"]


def test_rendered_readmes_are_cached_in_redis(typesense_site: QueueSite) -> None:
    typesense_site.pypi.registry.publish("plone.read", "1.0", info={**BOTH, "description": "Read me."})

    typesense_site.run_task("full_fetch_all_packages", profile_name="plone")

    assert len(typesense_site.redis_keys("pyf:rendered:*")) == 1
