"""What every answer has, whatever it is an answer to."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import httpx
import pytest
from msgspec.structs import replace

from in_memory import in_memory
from pyf.aggregator.adapters.index.reference_search import ReferenceSearch
from pyf.aggregator.domain.search import Question, Results
from pyf.aggregator.ports import PackageIndex
from served import served
from small_site import filled

PATHS = ("/", "/api/v1/profiles", "/api/v1/openapi.json", "/health", "/nowhere", "/api/v1/nowhere")


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_forbids_what_a_page_does_not_need(site: httpx.Client, path: str) -> None:
    headers = site.get(path).headers

    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


def test_a_client_that_has_an_answer_is_told_so(site: httpx.Client) -> None:
    first = site.get("/api/v1/profiles")

    again = site.get("/api/v1/profiles", headers={"if-none-match": first.headers["etag"]})

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


def test_a_failure_is_a_problem_to_programs_and_a_page_to_people(site: httpx.Client) -> None:
    program, person = site.get("/api/v1/nowhere"), site.get("/nowhere")

    assert (program.status_code, program.headers["content-type"]) == (404, "application/problem+json")
    assert program.json()["status"] == 404
    assert (person.status_code, person.headers["content-type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize("path", ["/api/v1/openapi.json", "/api/v1/profiles/plone/search"])
@pytest.mark.parametrize("accepted", ["gzip", "br", "gzip, deflate, br;q=0.5", "identity", "gzip;q=0", "*"])
def test_an_answer_is_the_same_however_it_is_sent(site: httpx.Client, path: str, accepted: str) -> None:
    plain = site.get(path, headers={"accept-encoding": ""})

    sent = site.get(path, headers={"accept-encoding": accepted})

    assert (sent.content, sent.headers["etag"]) == (plain.content, plain.headers["etag"])
    assert "accept-encoding" in sent.headers["vary"]
    assert ("content-encoding" in sent.headers) == (accepted not in ("identity", "gzip;q=0", "*"))


@pytest.mark.parametrize("known", ["*", '"x", {}', "{}"])
def test_any_form_of_a_known_tag_is_enough(site: httpx.Client, known: str) -> None:
    tag = site.get("/").headers["etag"]

    answer = site.get("/", headers={"if-none-match": known.replace("{}", tag.removeprefix("W/"))})

    assert (answer.status_code, "content-length" in answer.headers) == (304, False)
    assert "content-security-policy" in answer.headers


def test_answers_with_a_key_are_for_nobody_else(site: httpx.Client) -> None:
    with_key = site.get("/api/v1/profiles", headers={"x-api-key": "whatever"})

    assert with_key.headers["cache-control"].startswith("private")
    assert site.get("/api/v1/profiles").headers["cache-control"].startswith("public")


def test_failures_are_not_kept_by_anybody(site: httpx.Client) -> None:
    assert site.get("/api/v1/nowhere").headers["cache-control"] == "no-store"


def test_an_index_without_a_collection_says_how_to_fill_it() -> None:
    with served(in_memory(), {}) as site:
        page, listed = site.get("/"), site.get("/api/v1/profiles")

    assert (page.status_code, "pyfaggregator -f" in page.text) == (200, True)
    assert listed.json() == []


def test_many_are_answered_while_one_is_slow() -> None:
    """What waits for the index waits in a thread: others are answered meanwhile."""
    services = filled()
    gate = Event()
    with served(replace(services, search=Slow(services.index, gate)), {}) as site, ThreadPoolExecutor() as pool:
        slow = pool.submit(site.get, "/api/v1/profiles/plone/search")
        try:
            assert site.get("/health").status_code == 200
            assert not slow.done()
        finally:
            gate.set()

        assert slow.result().status_code == 200


class Slow(ReferenceSearch):
    """A search engine that answers when it is allowed to."""

    def __init__(self, index: PackageIndex, gate: Event) -> None:
        super().__init__(index, now=lambda: 0)
        self._gate = gate

    def search(self, collection: str, question: Question, *, hidden: frozenset[str] = frozenset()) -> Results:
        self._gate.wait(60)
        return super().search(collection, question, hidden=hidden)


def test_prometheus_is_told_how_much_there_is(site: httpx.Client) -> None:
    told = site.get("/metrics")

    # Prometheus 3 takes nothing from whoever names a charset twice.
    assert told.headers["content-type"].startswith("text/plain; version=")
    assert told.headers["content-type"].count("charset=") == 1
    assert 'pyf_projects{collection="plone"} 6.0' in told.text
    assert "pyf_index_up 1.0" in told.text


@pytest.mark.parametrize("headers", [{}, {"origin": "https://a.example"}, {"origin": "https://b.example"}])
def test_a_copy_made_for_one_origin_is_not_given_to_another(headers: dict[str, str]) -> None:
    with served(filled(), {}, web_cors_origins="https://a.example,https://c.example") as site:
        answer = site.get("/api/v1/profiles", headers=headers)

    assert "max-age=60" in answer.headers["cache-control"]
    assert answer.headers["vary"].lower().split(", ") == ["origin", "accept-encoding"]
