"""Contract of `CandidateSource`."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from pyf.aggregator.adapters.candidates import CandidatesFile, ClickHouseCandidates, StaticCandidates
from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.http.retry import RetryPolicy
from pyf.aggregator.adapters.http.service_client import ServiceClient, ServiceLimits
from pyf.aggregator.ports import CandidateSource

# Opens a source with these names, as published, of projects that require Flask.
SourceFactory = Callable[[list[str]], AbstractContextManager[CandidateSource]]


@pytest.fixture(params=["memory", "file", "gz", "clickhouse"])
def make_source(request: pytest.FixtureRequest, tmp_path: Path, httpserver: HTTPServer) -> SourceFactory:
    @contextmanager
    def memory(names: list[str]) -> Iterator[CandidateSource]:
        yield StaticCandidates({"flask": names, "django": ["django-only"]})

    @contextmanager
    def file(names: list[str]) -> Iterator[CandidateSource]:
        (tmp_path / "names.txt").write_text("\n".join(["# who requires Flask", "", *names]))
        yield CandidatesFile(str(tmp_path / "names.txt"))

    @contextmanager
    def compressed(names: list[str]) -> Iterator[CandidateSource]:
        (tmp_path / "names.txt.gz").write_bytes(gzip.compress("".join(f"{name}  # why\r\n" for name in names).encode()))
        yield CandidatesFile(str(tmp_path / "names.txt.gz"))

    @contextmanager
    def clickhouse(names: list[str]) -> Iterator[CandidateSource]:
        httpserver.expect_request("/", method="POST").respond_with_handler(
            lambda request: build_clickhouse_response(request, names)
        )
        with HttpClient() as http:
            service = ServiceClient(http, ServiceLimits(retries=RetryPolicy(max_retries=0)))
            yield ClickHouseCandidates(service, httpserver.url_for("/?user=demo"))

    return {"memory": memory, "file": file, "gz": compressed, "clickhouse": clickhouse}[request.param]


def build_clickhouse_response(request: Request, names: list[str]) -> Response:
    """Respond like the service: sorted by name, no more than requested, and never more than 1,000."""
    limit = re.search(r"LIMIT \{page:UInt32\}", request.get_data(as_text=True))
    assert limit is not None
    assert request.args["user"] == "demo"
    rows = sorted(name for name in set(names) if name > request.args["param_after"])
    shown = rows[: min(int(request.args["param_page"]), 1_000)]
    return Response(json.dumps({"meta": [], "data": [{"name": name} for name in shown], "rows": len(shown)}))


def test_names_are_normalized_and_unique(make_source: SourceFactory) -> None:
    with make_source(["Flask_Login", "flask.login", "eve", "Flask-Login", "zope.flask"]) as candidates:
        names_found = list(candidates.find_candidates(["flask"]))

    assert sorted(names_found) == ["eve", "flask-login", "zope-flask"]


def test_empty_response_is_valid(make_source: SourceFactory) -> None:
    with make_source([]) as candidates:
        assert list(candidates.find_candidates(["flask"])) == []


@pytest.mark.parametrize("count", [899, 900, 901, 1_800, 2_345])
def test_none_of_many_is_lost(make_source: SourceFactory, count: int) -> None:
    with make_source([f"Project{number}" for number in range(count)]) as candidates:
        assert len(list(candidates.find_candidates(["flask"]))) == count


def test_source_can_be_read_twice(make_source: SourceFactory) -> None:
    with make_source(["eve", "flask-login"]) as candidates:
        assert list(candidates.find_candidates(["flask"])) == list(candidates.find_candidates(["flask"]))
