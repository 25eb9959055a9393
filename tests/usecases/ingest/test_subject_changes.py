"""What other sources have said about a project ends with that project, or with its link to the repository."""

from typing import Any

import pytest
from msgspec import UNSET

from pyf.aggregator.domain.documents.document import Document
from pyf.aggregator.domain.documents.schema import DownloadFields, RepositoryFields
from support.registry_world import World

PLONE = ["Framework :: Plone"]
FORMER_URL, OTHER_URL = "https://github.com/former/api", "https://github.com/other/api"


def build_info(url: str, **info: Any) -> dict[str, Any]:
    return {"classifiers": PLONE, "project_urls": {"Source": url} if url else {}, **info}


@pytest.fixture
def enriched(small: World) -> World:
    """Return a world with an enriched package, of which one release links to a repository."""
    small.fake_registry.publish("acme.forms", "1.0", info=build_info(FORMER_URL, author="Former"))
    small.fake_registry.publish("acme.forms", "1.1", info=build_info(FORMER_URL, author="Former"))
    small.fetch()
    small.deps.index.update(
        "plone",
        {
            "acme-forms": (
                RepositoryFields(repository_url=FORMER_URL, repository_stars=900, repository_checked=1),
                DownloadFields(download_last_month=5_000, download_checked=1),
            )
        },
    )
    return small


def read_documents(world: World) -> dict[str, Document]:
    documents = world.deps.index.get_project_documents("plone", "acme.forms")
    return {document.registry.version: document for document in documents}


def read_enrichments(world: World) -> tuple[object, object]:
    newest = next(iter(read_documents(world).values()))
    repository, downloads = newest.repository, newest.downloads
    return (
        UNSET if repository is UNSET else repository.repository_stars,
        UNSET if downloads is UNSET else downloads.download_last_month,
    )


def register_again(world: World, url: str = OTHER_URL) -> None:
    """Delete the project, and let another owner register its name, with a release of the same version."""
    world.fake_registry.remove_project("acme.forms")
    world.fake_registry.publish("acme.forms", "1.0", info=build_info(url, author="Other"))
    world.fake_registry.publish("acme.forms", "2.0", info=build_info(url, author="Other"))


@pytest.mark.parametrize("url", [OTHER_URL, FORMER_URL, ""])
@pytest.mark.parametrize("use_case", ["changes", "refresh", "fetch", "recreate"])
def test_new_owner_of_a_name_does_not_inherit(enriched: World, use_case: str, url: str) -> None:
    enriched.fake_registry.archive("acme.forms")
    enriched.clock.advance(8 * 86_400)
    enriched.refresh()
    assert next(iter(read_documents(enriched).values())).registry.project_status == "archived"
    enriched.clock.advance(86_400)
    register_again(enriched, url)

    getattr(enriched, use_case)()

    assert {v: d.registry.author for v, d in read_documents(enriched).items()} == {"2.0": "Other", "1.0": "Other"}
    assert read_enrichments(enriched) == (UNSET, UNSET)
    assert {d.registry.project_status for d in read_documents(enriched).values()} == {"active"}
    assert read_documents(enriched)["2.0"].health.health_model == "basic"


def test_project_that_only_releases_keeps_everything(enriched: World) -> None:
    enriched.fake_registry.publish("acme.forms", "2.0", info=build_info(FORMER_URL))

    enriched.changes()

    assert read_enrichments(enriched) == (900, 5_000)


@pytest.mark.parametrize("url", [OTHER_URL, ""])
def test_repository_of_former_links_is_dropped(enriched: World, url: str) -> None:
    enriched.fake_registry.publish("acme.forms", "2.0", info=build_info(url))
    enriched.fake_registry.remove_release("acme.forms", "1.0")
    enriched.fake_registry.remove_release("acme.forms", "1.1")

    enriched.changes()

    assert read_enrichments(enriched)[0] is UNSET


def test_downloads_stay_when_only_the_repository_changes(enriched: World) -> None:
    enriched.fake_registry.publish("acme.forms", "2.0", info=build_info(OTHER_URL))

    enriched.changes()

    assert read_enrichments(enriched) == (UNSET, 5_000)


def test_link_to_the_present_name_of_the_repository_keeps_it(enriched: World) -> None:
    moved = RepositoryFields(repository_url=OTHER_URL, repository_stars=900)
    enriched.deps.index.update("plone", {"acme-forms": moved})
    enriched.fake_registry.publish("acme.forms", "2.0", info=build_info(OTHER_URL))

    enriched.changes()

    assert read_enrichments(enriched) == (900, 5_000)
