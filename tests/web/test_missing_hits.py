"""Reports of pages and API when an engine returns fewer hits than it counts."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from msgspec.structs import replace

from pyf.aggregator.domain.search import SearchQuery, SearchResults
from pyf.aggregator.settings import load_settings
from pyf.aggregator.testing.reference_search import ReferenceSearch
from pyf.aggregator.web.app import create_app
from support.site_fixtures import build_small_site

API = "/api/v1/collections/plone/search"


class LossySearch(ReferenceSearch):
    """Counts all packages and returns at most `returned` hits."""

    returned: int

    def search(self, collection: str, query: SearchQuery, *, hidden: frozenset[str] = frozenset()) -> SearchResults:
        results = super().search(collection, query, hidden=hidden)
        return replace(results, hits=results.hits[: self.returned])


@pytest.fixture(params=[0, 2])
def client(request: pytest.FixtureRequest) -> Iterator[TestClient[Litestar]]:
    deps = build_small_site()
    search = LossySearch(deps.index, now=deps.now)
    search.returned = request.param
    app = create_app(replace(deps, search=search), {}, load_settings(web_rate_limit=0))
    with TestClient(app) as client:
        yield client


def test_missing_hits_are_reported(client: TestClient[Litestar]) -> None:
    response = client.get(API).json()
    page = client.get("/in/plone/search").text

    assert response["missing"] == response["total"] - len(response["hits"]) > 0
    assert f"The index counts {response['missing']} more packages on this page than it returns" in page
    assert "No package found" not in page


def test_no_hits_are_missing_past_the_last_page(client: TestClient[Litestar]) -> None:
    assert client.get(f"{API}?page=9").json()["missing"] == 0
    assert "The last page is 1." in client.get("/in/plone/search?page=9").text
