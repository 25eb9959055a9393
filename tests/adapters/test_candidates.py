"""Bulk sources of candidates: invalid files, server failures, and the query."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from pyf.aggregator.adapters.candidates import PAGE_SIZE, CandidatesFile, ClickHouseCandidates
from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.http.retry import RetryPolicy
from pyf.aggregator.adapters.http.service_client import ServiceClient, ServiceLimits
from pyf.aggregator.domain.errors import Invalid, Unavailable

ROWS = {
    "Flask-Login": ["Flask>=1.0.4"],
    "Spaced.Name": ["click", "  FLASK (>=2)"],
    "elsewhere": ['flask ; python_version > "3"'],
    "either": ['flask; extra == "a" or python_version < "3"'],
    "moto": ['flask!=2.2.0 ; extra == "server"'],
    "relative": ["flask-login"],
    "django-only": ["django"],
    "apiish": ["fastapi"],
    "nothing": [],
}


@pytest.fixture
def clickhouse(httpserver: HTTPServer) -> Iterator[ClickHouseCandidates]:
    with HttpClient() as http:
        yield ClickHouseCandidates(
            ServiceClient(http, ServiceLimits(retries=RetryPolicy(max_retries=0))), httpserver.url_for("/")
        )


def find_names(source: CandidatesFile | ClickHouseCandidates) -> list[str]:
    return list(source.find_candidates(["flask"]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"eve\nflask login\n", "line 2: 'flask login' is not a valid project name"),
        (b"name,version\n", "line 1: 'name,version' is not a valid project name"),
        (b"eve\n../etc/passwd", "line 2: "),
        (b"\xff\xfe", "not UTF-8 text"),
    ],
)
def test_candidates_file_rejects_other_content(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "names.txt"
    file.write_bytes(content)

    with pytest.raises(Invalid) as refusal:
        find_names(CandidatesFile(str(file)))

    assert str(file) in str(refusal.value)
    assert message in str(refusal.value)


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"eve\n" * 1000, mtime=0)[:-12]])
def test_candidates_file_rejects_damaged_gzip(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "names.gz"
    file.write_bytes(content)

    with pytest.raises(Invalid, match=r"names\.gz"):
        find_names(CandidatesFile(str(file)))


@pytest.mark.parametrize("path", ["missing.txt", ".", "~nobody-has-this-name/names"])
def test_candidates_file_unreadable(path: str) -> None:
    with pytest.raises(Invalid, match=re.escape(path)):
        find_names(CandidatesFile(path))


def test_candidates_file_with_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("Eve\n", encoding="utf-8-sig")

    assert find_names(CandidatesFile(str(tmp_path / "names.txt"))) == ["eve"]


def test_clickhouse_candidates_pass_frameworks_as_parameters(
    clickhouse: ClickHouseCandidates, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/").respond_with_json({"data": []})

    list(clickhouse.find_candidates(["flask", "quart"]))

    ((request, _),) = httpserver.log
    assert request.args["param_frameworks"] == "['flask','quart']"
    assert "flask" not in request.get_data(as_text=True)


@pytest.mark.parametrize("name", ["it's", "", "Flask", "a\\"])
def test_clickhouse_candidates_reject_invalid_name(
    clickhouse: ClickHouseCandidates, httpserver: HTTPServer, name: str
) -> None:
    with pytest.raises(Invalid):
        list(clickhouse.find_candidates([name]))
    assert not httpserver.log


def test_clickhouse_candidates_reject_unordered_pages(clickhouse: ClickHouseCandidates, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_json({"data": [{"name": f"p{n:04}"} for n in range(PAGE_SIZE)]})

    with pytest.raises(Unavailable, match="paging is impossible"):
        find_names(clickhouse)


@pytest.mark.parametrize(
    ("status", "body"), [(503, "busy"), (404, "no such table"), (200, "<html>"), (200, "{}"), (200, '{"data": [[]]}')]
)
def test_clickhouse_candidates_server_failure(
    clickhouse: ClickHouseCandidates, httpserver: HTTPServer, status: int, body: str
) -> None:
    httpserver.expect_request("/").respond_with_data(body, status=status)

    with pytest.raises(Unavailable):
        find_names(clickhouse)


def test_clickhouse_candidates_query_finds_run_time_requirements(
    clickhouse: ClickHouseCandidates, httpserver: HTTPServer
) -> None:
    """Runs on the embedded ClickHouse engine; `chdb` is too large for the test requirements."""
    chdb = pytest.importorskip("chdb.session")
    httpserver.expect_request("/").respond_with_json({"data": []})
    list(clickhouse.find_candidates(["flask", "fastapi"]))
    ((request, _),) = httpserver.log
    session = chdb.Session()
    session.query("CREATE DATABASE pypi")
    session.query("CREATE TABLE pypi.projects (name String, requires_dist Array(String)) ENGINE = Memory")
    for name, requires in ROWS.items():
        session.query(f"INSERT INTO pypi.projects VALUES ('{name}', {requires!r})")

    parameters = {key.removeprefix("param_"): value for key, value in request.args.items() if key.startswith("param_")}
    found = str(session.query(request.get_data(as_text=True), "TSV", params=parameters)).split()

    assert found == ["Flask-Login", "Spaced.Name", "apiish", "either", "elsewhere"]
