"""Effects of the settings of the web site."""

import re
from subprocess import PIPE
from urllib.request import urlopen

import pytest

from support.cli_runner import SERVE, CommandRunner
from support.http_server import serve_app
from support.setting_coverage import covers_setting
from support.site_fixtures import build_small_site


@covers_setting("web_url")
@pytest.mark.parametrize(
    ("web_url", "expected_url"),
    [("https://packages.example/x/", "https://packages.example/x/api"), ("", "http://127.0.0.1:")],
)
def test_web_url(web_url: str, expected_url: str) -> None:
    with serve_app(build_small_site(), {}, web_url=web_url) as site:
        results = site.get("/api/v1/collections/plone/search?per_page=1")

    assert results.links["next"]["url"].startswith(expected_url)


@covers_setting("web_cache_max_age")
@pytest.mark.parametrize(("seconds", "cache_control"), [(90, "public, max-age=90"), (0, "no-cache")])
def test_web_cache_max_age(seconds: int, cache_control: str) -> None:
    with serve_app(build_small_site(), {}, web_cache_max_age=seconds) as site:
        assert site.get("/api/v1/collections").headers["cache-control"] == cache_control


@covers_setting("web_rate_limit")
@pytest.mark.parametrize(("limit", "statuses"), [(2, [200, 200, 429]), (0, [200, 200, 200])])
def test_web_rate_limit(limit: int, statuses: list[int]) -> None:
    with serve_app(build_small_site(), {}, web_rate_limit=limit) as site:
        answers = [site.get("/api/v1/collections") for _ in range(3)]

    assert [response.status_code for response in answers] == statuses
    assert all(int(answer.headers["retry-after"]) for answer in answers if answer.status_code == 429)


@covers_setting("web_trusted_proxies")
@pytest.mark.parametrize(("trusted", "last"), [("127.0.0.0/8", 200), ("", 429), ("10.0.0.1", 429)])
def test_web_trusted_proxies(trusted: str, last: int) -> None:
    with serve_app(build_small_site(), {}, web_rate_limit=1, web_trusted_proxies=trusted) as site:
        site.get("/api/v1/collections", headers={"x-forwarded-for": "192.0.2.1"})
        response = site.get("/api/v1/collections", headers={"x-forwarded-for": "192.0.2.2"})

    assert response.status_code == last


@covers_setting("web_cors_origins")
@pytest.mark.parametrize(
    ("origins", "allowed"), [("", None), ("https://a.example, https://b.example", "https://b.example"), ("*", "*")]
)
def test_web_cors_origins(origins: str, allowed: str | None) -> None:
    headers = {"origin": "https://b.example", "access-control-request-method": "GET"}
    with serve_app(build_small_site(), {}, web_cors_origins=origins) as site:
        response = site.get("/api/v1/collections", headers=headers)
        before = site.options("/api/v1/collections", headers={**headers, "access-control-request-headers": "x-api-key"})

    assert response.headers.get("access-control-allow-origin") == allowed
    assert before.headers.get("access-control-allow-origin") == allowed


@covers_setting("web_api_keys_required")
@pytest.mark.parametrize(("required", "codes"), [(True, [401, 403, 200, 200]), (False, [200, 200, 200, 200])])
def test_web_api_key_required(required: bool, codes: list[int]) -> None:
    deps = build_small_site()
    deps.keys.create(["plone"], description="a test", value="the-right-key")
    deps.admin.create("other-1", deps.index.get_state("plone"), alias="other")
    right = {"x-api-key": "the-right-key"}
    with serve_app(deps, {}, web_api_keys_required=required) as site:
        header_variants = [{}, {"x-api-key": "a-wrong-key"}, right, {"authorization": "Bearer the-right-key"}]
        answered = [
            site.get("/api/v1/collections/plone/search", headers=headers).status_code for headers in header_variants
        ]
        listed = [collection["key"] for collection in site.get("/api/v1/collections", headers=right).json()]
        other = site.get("/api/v1/collections/other/search", headers=right).status_code
        page = site.get("/").status_code

    assert answered == codes
    assert (listed, other) == ((["plone"], 403) if required else (["other", "plone"], 200))
    assert page == 200


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("web_url", "packages.example"),
        ("web_cors_origins", "packages.example"),
        ("web_cors_origins", "https://packages.example/path"),
        ("web_trusted_proxies", "the-proxy"),
        ("web_rate_limit", "-1"),
        ("web_cache_max_age", "a while"),
        ("web_api_keys_required", "perhaps"),
    ],
)
def test_web_setting_invalid(shell: CommandRunner, setting: str, value: str) -> None:
    refusal = shell.invoke(command="pyfserve", **{setting: value})

    # Addresses are not repeated: they may contain a password.
    shown = "" if setting in ("web_url", "web_cors_origins") else f"='{value}'"
    assert (refusal.code, refusal.error.startswith(f"{setting.upper()}{shown}: ")) == (2, True)


@covers_setting("web_site_name")
@covers_setting("web_contact")
@covers_setting("web_imprint")
def test_name_and_contact_of_the_site() -> None:
    names = {"web_site_name": "Mine & yours", "web_imprint": "https://a.example/imprint"}
    with serve_app(build_small_site(), {}, web_contact="me@a.example", **names) as site:
        pages = [site.get(path).text for path in ("/", "/in/plone", "/in/nowhere")]
    with serve_app(build_small_site(), {}, web_contact="https://a.example/contact") as site:
        linked = site.get("/").text

    for html in pages:
        assert "<span>Mine &amp; yours</span>" in html
        assert '<a href="mailto:me@a.example">Contact</a>' in html
        assert '<a href="https://a.example/imprint">Imprint</a>' in html
    assert '<a href="https://a.example/contact">Contact</a>' in linked
    assert "Imprint" not in linked


@covers_setting("web_access_log")
@pytest.mark.parametrize("is_on", [True, False])
def test_access_log(shell: CommandRunner, is_on: bool) -> None:
    with shell.start("--port", "0", "--workers", "1", module=SERVE, stderr=PIPE, web_access_log=is_on) as server:
        assert server.stderr is not None
        line = next(line for line in server.stderr if "Serving at" in line)
        url = line.split()[2].rstrip(";/")
        with urlopen(f"{url}/robots.txt") as response:
            assert response.status == 200
        server.terminate()
        log = server.stderr.read()

    assert ('"GET /robots.txt HTTP/1.1" 200' in log) is is_on
    assert not is_on or re.search(r"^\d{4}-\d\d-\d\dT[\d:]+Z INFO uvicorn.access: 127.0.0.1:\d+ - ", log, re.MULTILINE)
