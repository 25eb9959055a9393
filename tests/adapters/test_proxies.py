"""Proxies of requests: which one, and requests through it."""

from contextlib import closing

import pytest
from pytest_httpserver import HTTPServer

from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.http.readers import make_json_reader
from pyf.aggregator.adapters.http.retry import RetryPolicy
from pyf.aggregator.adapters.http.service_client import Request, ServiceClient, ServiceLimits
from pyf.aggregator.adapters.proxies import Proxies
from pyf.aggregator.adapters.typesense import Server
from pyf.aggregator.domain.errors import Unavailable
from support.proxy_server import serve_proxy
from support.typesense_fake import ADMIN_KEY, LocalTypesense

read_json = make_json_reader(dict[str, int])

HTTP, HTTPS = "http://plain.example:3128", "http://secure.example:3128"


@pytest.mark.parametrize(
    ("url", "exceptions", "proxy"),
    [
        ("http://pypi.example/simple/", "", HTTP),
        ("https://pypi.example/simple/", "", HTTPS),
        ("https://pypi.example/simple/", "*", None),
        ("https://pypi.example/simple/", "pypi.example", None),
        ("https://pypi.example./simple/", "other.example, PyPI.Example.", None),
        ("https://api.pypi.example/", "pypi.example", None),
        ("https://api.pypi.example/", ".pypi.example", None),
        ("https://api.pypi.example/", "*.pypi.example", None),
        ("https://mypypi.example/", "pypi.example", HTTPS),
        ("https://pypi.example/", "pypi.example:8443", HTTPS),
        ("https://pypi.example:8443/", "pypi.example:8443", None),
        ("https://pypi.example/", "pypi.example:443", None),
        ("http://pypi.example/", "pypi.example:443", HTTP),
        ("http://10.1.2.3:8108", "10.0.0.0/8", None),
        ("http://11.1.2.3:8108", "10.0.0.0/8", HTTP),
        ("http://127.0.0.1:8108", "localhost,127.0.0.1", None),
        ("http://[::1]:8108", "[::1]:8108", None),
        ("http://[fd00::5]:8108", "fd00::/8", None),
        ("http://localhost", " , ,", HTTP),
        ("https://user@pypi.example/", "user", HTTPS),
    ],
)
def test_find_proxy(url: str, exceptions: str, proxy: str | None) -> None:
    assert Proxies(http=HTTP, https=HTTPS, exceptions=exceptions).find(url) == proxy


def test_find_no_proxy_by_default() -> None:
    assert Proxies().find("https://pypi.example/") is None
    assert Proxies(http=HTTP).find("https://pypi.example/") is None


def request(url: str, proxies: Proxies) -> dict[str, int]:
    with HttpClient(proxies=proxies) as http:
        service = ServiceClient(http, ServiceLimits(retries=RetryPolicy(max_retries=0)))
        return service.get(Request(url=url), read_json)


def test_requests_pass_the_proxy(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/simple/").respond_with_json({"a": 1})
    address = ("127.0.0.1", httpserver.port)

    with serve_proxy(hosts={"pypi.example:80": address}, credentials="ada:p%40ss") as proxy:
        url = proxy.url.replace("p%40ss", "p%2540ss")  # the password contains a percent sign
        assert request("http://pypi.example/simple/", Proxies(http=url)) == {"a": 1}

    assert proxy.request_lines == ["GET http://pypi.example/simple/ HTTP/1.1"]


def test_https_requests_use_a_tunnel(httpserver: HTTPServer) -> None:
    with (
        serve_proxy(hosts={"pypi.example:443": ("127.0.0.1", httpserver.port)}) as proxy,
        pytest.raises(Unavailable, match="TLS handshake failed"),  # the server has no TLS
    ):
        request("https://pypi.example/simple/", Proxies(https=proxy.url))

    assert proxy.request_lines == ["CONNECT pypi.example:443 HTTP/1.1"]


def test_exceptions_do_not_pass_the_proxy(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/simple/").respond_with_json({"a": 1})

    with serve_proxy() as proxy:
        proxies = Proxies(http=proxy.url, exceptions=httpserver.host)
        assert request(httpserver.url_for("/simple/"), proxies) == {"a": 1}

    assert proxy.request_lines == []


@pytest.mark.parametrize("url", ["http://pypi.example/simple/", "https://pypi.example/simple/"])
def test_wrong_credentials_of_the_proxy_are_reported(url: str) -> None:
    with serve_proxy(credentials="ada:right") as proxy:
        address = proxy.url.replace("right", "s3cret")
        with pytest.raises(Unavailable, match="proxy rejects the user and password") as raised:
            request(url, Proxies(http=address, https=address))

    assert proxy.rejected == 1
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("url", ["http://pypi.example/simple/", "https://pypi.example/simple/"])
def test_unreachable_proxy_is_reported(url: str) -> None:
    with serve_proxy() as proxy:
        address = proxy.url.replace("//", "//ada:s3cret@")
    with pytest.raises(Unavailable, match=r"no connection to the proxy 127\.0\.0\.1:\d+: Connection refused") as raised:
        request(url, Proxies(http=address, https=address))

    assert "s3cret" not in str(raised.value)


def test_typesense_requests_pass_the_proxy() -> None:
    with LocalTypesense() as local, serve_proxy(credentials="ada:s3cret") as proxy:
        server = Server([local.url], ADMIN_KEY, timeout=10, retry_timeout=1, proxies=Proxies(http=proxy.url))
        with closing(server):
            assert server.request(lambda client: client.collections.retrieve()) == []

    assert any(line.startswith(f"GET {local.url}/collections") for line in proxy.request_lines)
