"""What every answer has, whatever it is an answer to."""

import httpx
import pytest

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
