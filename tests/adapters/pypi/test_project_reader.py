"""Reading projects from unusual responses of PyPI and its mirrors."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.http.retry import RetryPolicy
from pyf.aggregator.adapters.http.service_client import ServiceClient, ServiceLimits
from pyf.aggregator.adapters.pypi import PyPIRegistry
from pyf.aggregator.domain.collection import Descriptions
from pyf.aggregator.domain.documents.project import Metadata, Project, ProjectStatus, Release
from pyf.aggregator.domain.errors import NotFound, Unavailable
from pyf.aggregator.ports import ProjectRequest, ProjectResult

Json = dict[str, Any]


@pytest.fixture
def service() -> Iterator[ServiceClient]:
    with HttpClient() as http:
        yield ServiceClient(http, ServiceLimits(retries=RetryPolicy(max_retries=0)))


@pytest.fixture
def registry(service: ServiceClient, httpserver: HTTPServer) -> PyPIRegistry:
    return PyPIRegistry(service, httpserver.url_for("/"))


def build_info(version: str, **parts: Any) -> Json:
    return {"name": "Acme.Blog", "version": version, "summary": f"the {version}", "description": "# Acme", **parts}


def build_file(version: str, **parts: Any) -> Json:
    return {"filename": f"acme_blog-{version}.tar.gz", "packagetype": "sdist", **parts}


def serve_project(httpserver: HTTPServer, version: str, releases: Json | None, **parts: Any) -> None:
    document = {"info": build_info(version), "last_serial": 7, "releases": releases, **parts}
    httpserver.expect_request("/pypi/acme-blog/json").respond_with_json(document)


def serve_release(httpserver: HTTPServer, version: str, **parts: Any) -> None:
    document = {"info": build_info(version, **parts), "last_serial": 7, "vulnerabilities": []}
    httpserver.expect_request(f"/pypi/acme-blog/{version}/json").respond_with_json(document)


def serve_page(httpserver: HTTPServer, **parts: Any) -> None:
    page = {"name": "acme-blog", "files": [], "versions": [], **parts}
    httpserver.expect_request(
        "/simple/acme-blog/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}
    ).respond_with_json(page)


def read_project(registry: PyPIRegistry, *known: str) -> ProjectResult:
    (result,) = registry.read_projects([ProjectRequest(name="acme-blog", known_versions=frozenset(known))])
    return result


def get_project(result: ProjectResult) -> Project:
    assert isinstance(result.outcome, Project)
    return result.outcome


def get_release(result: ProjectResult, version: str) -> Release:
    return next(release for release in get_project(result).releases if release.version == version)


def get_metadata(result: ProjectResult, version: str) -> Metadata:
    found = get_release(result, version).metadata
    assert found is not None
    return found


def get_paths(httpserver: HTTPServer) -> list[str]:
    return sorted(request.path for request, _ in httpserver.log)


def test_request_contains_normalized_name(registry: PyPIRegistry, httpserver: HTTPServer) -> None:
    serve_project(httpserver, "1.0", {"1.0": [build_file("1.0")]})

    (result,) = registry.read_projects([ProjectRequest(name="Acme_Blog")])

    assert (result.name, get_project(result).name) == ("Acme_Blog", "Acme.Blog")


def test_request_percent_encodes_version(registry: PyPIRegistry, httpserver: HTTPServer) -> None:
    serve_project(httpserver, "2.0", {"2.0": [build_file("2.0")], "1.0+a/b c": [build_file("1.0")]})
    serve_release(httpserver, "1.0+a/b c")

    result = read_project(registry)

    assert get_metadata(result, "1.0+a/b c").summary == "the 1.0+a/b c"
    assert [request.environ["RAW_URI"] for request, _ in httpserver.log][-1].endswith("/1.0%2Ba%2Fb%20c/json")


def test_only_newest_release_has_readme(registry: PyPIRegistry, httpserver: HTTPServer) -> None:
    serve_project(httpserver, "2.0", {"1.0": [build_file("1.0")], "2.0": [build_file("2.0")]})
    serve_release(httpserver, "1.0")

    result = read_project(registry)

    assert (get_metadata(result, "1.0").description, get_metadata(result, "2.0").description) == ("", "# Acme")


def test_descriptions_all_keeps_all_readmes(service: ServiceClient, httpserver: HTTPServer) -> None:
    serve_project(httpserver, "2.0", {"1.0": [build_file("1.0")], "2.0": [build_file("2.0")]})
    serve_release(httpserver, "1.0")

    result = read_project(PyPIRegistry(service, httpserver.url_for("/"), descriptions=Descriptions.ALL))

    assert {get_metadata(result, version).description for version in ("1.0", "2.0")} == {"# Acme"}


def test_newest_release_is_computed(registry: PyPIRegistry, httpserver: HTTPServer) -> None:
    """A stale document describes an older release than it lists."""
    serve_project(httpserver, "1.0", {"1.0": [build_file("1.0")], "2.0": [build_file("2.0")]})
    serve_release(httpserver, "2.0")

    result = read_project(registry, "1.0", "2.0")

    assert get_project(result).newest_release.version == "2.0"
    assert (get_metadata(result, "2.0").description, get_metadata(result, "1.0").description) == ("# Acme", "")
    assert get_paths(httpserver) == ["/pypi/acme-blog/2.0/json", "/pypi/acme-blog/json"]


def test_yanked_release_is_not_newest(registry: PyPIRegistry, httpserver: HTTPServer) -> None:
    serve_project(
        httpserver, "1.0", {"1.0": [build_file("1.0")], "2.0": [build_file("2.0", yanked=True, yanked_reason="broken")]}
    )
    serve_release(httpserver, "2.0", yanked=True, yanked_reason="broken")

    result = read_project(registry)

    assert get_project(result).newest_release.version == "1.0"
    assert get_release(result, "2.0").yanked_reason == "broken"


def test_release_yanked_by_own_document_is_not_newest(registry: PyPIRegistry, httpserver: HTTPServer) -> None:
    """The project's document does not show it for a release without files."""
    serve_project(httpserver, "1.0", {"1.0": [], "1.1": [], "2.0": []})
    serve_release(httpserver, "2.0", yanked=True)
    serve_release(httpserver, "1.1")

    result = read_project(registry, "1.0", "1.1", "2.0")

    assert get_project(result).newest_release.version == "1.1"
    assert get_metadata(result, "1.1").description == "# Acme"
    assert get_metadata(result, "2.0").description == ""


def test_failed_newest_release_is_reported(registry: PyPIRegistry, httpserver: HTTPServer) -> None:
    serve_project(httpserver, "1.0", {"1.0": [build_file("1.0")], "2.0": [build_file("2.0")]})
    httpserver.expect_request("/pypi/acme-blog/2.0/json").respond_with_data(status=404)

    result = read_project(registry)

    assert get_project(result).newest_release.metadata is None
    assert isinstance(result.failed_versions["2.0"], NotFound)


def test_stored_errors_have_no_traceback(registry: PyPIRegistry, httpserver: HTTPServer) -> None:
    serve_project(httpserver, "1.0", {"1.0": [build_file("1.0")], "2.0": [build_file("2.0")]})

    error = read_project(registry).failed_versions["2.0"]

    assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)


def test_project_without_releases_is_not_found(registry: PyPIRegistry, httpserver: HTTPServer) -> None:
    serve_project(httpserver, "1.0", {})
    serve_page(httpserver)

    outcome = read_project(registry).outcome

    assert isinstance(outcome, NotFound)
    assert str(outcome) == "acme-blog has no releases"


@pytest.mark.parametrize("releases", [None, {}])
def test_releases_of_simple_page_are_fallback(
    registry: PyPIRegistry, httpserver: HTTPServer, releases: Json | None
) -> None:
    serve_project(httpserver, "2.0", releases)
    serve_release(httpserver, "1.0.0")
    serve_page(
        httpserver,
        versions=["1.0.0", "2.0", "3.0"],
        files=[
            {
                "filename": "acme_blog-1.0-py3-none-any.whl",
                "url": "https://files.pypi.example/acme_blog-1.0-py3-none-any.whl",
                "hashes": {"sha256": "ab"},
                "size": 1234,
                "upload-time": "2026-01-01T00:00:00.000000Z",
                "yanked": False,
            },
            {"filename": "acme.blog-2.0.tar.gz", "url": "https://files.pypi.example/2", "yanked": False},
            {"filename": "acme.blog-3.0.zip", "url": "https://files.pypi.example/3", "yanked": "broken"},
            {"filename": "acme.blog-4.0.zip", "url": "https://files.pypi.example/4"},
            {"filename": "what is this", "url": "https://files.pypi.example/5"},
        ],
    )
    serve_release(httpserver, "3.0", yanked=True)

    result = read_project(registry)

    assert get_project(result).newest_release.version == "2.0"
    assert {r.version: [(f.filename, f.packagetype) for f in r.files] for r in get_project(result).releases} == {
        "1.0.0": [("acme_blog-1.0-py3-none-any.whl", "bdist_wheel")],
        "2.0": [("acme.blog-2.0.tar.gz", "sdist")],
        "3.0": [("acme.blog-3.0.zip", "sdist")],
    }
    (wheel,) = get_release(result, "1.0.0").files
    assert (wheel.size, wheel.sha256, wheel.upload_time) == (1234, "ab", 1_767_225_600)
    assert (get_release(result, "3.0").is_yanked, get_release(result, "3.0").yanked_reason) == (True, "broken")


def test_mirror_without_versions_is_unavailable(registry: PyPIRegistry, httpserver: HTTPServer) -> None:
    serve_project(httpserver, "2.0", None)
    serve_page(httpserver, versions=None)

    assert isinstance(read_project(registry).outcome, Unavailable)


def test_response_about_other_project_is_unavailable(registry: PyPIRegistry, httpserver: HTTPServer) -> None:
    serve_project(httpserver, "1.0", {"1.0": []}, info=build_info("1.0", name="acme-shop"))

    outcome = read_project(registry).outcome

    assert isinstance(outcome, Unavailable)
    assert "is about 'acme-shop'" in str(outcome)


def test_response_about_other_release_is_unavailable(registry: PyPIRegistry, httpserver: HTTPServer) -> None:
    serve_project(httpserver, "2.0", {"2.0": [], "1.0": []})
    document = {"info": build_info("2.0"), "last_serial": 7}
    httpserver.expect_request("/pypi/acme-blog/1.0/json").respond_with_json(document)

    assert "is about version '2.0'" in str(read_project(registry).failed_versions["1.0"])


def test_simple_page_of_other_project_is_unavailable(registry: PyPIRegistry, httpserver: HTTPServer) -> None:
    serve_page(httpserver, name="acme-shop")

    (standing,) = registry.check_simple_pages(["acme-blog"])

    assert isinstance(standing.outcome, Unavailable)


@pytest.mark.parametrize("status", [None, {}, {"status": None}, {"status": "someday"}, [], "archived"])
def test_missing_or_unknown_status_is_active(registry: PyPIRegistry, httpserver: HTTPServer, status: object) -> None:
    serve_page(httpserver, **{"project-status": status})

    (standing,) = registry.check_simple_pages(["acme-blog"])

    assert standing.outcome == ProjectStatus.ACTIVE


@pytest.mark.parametrize(("versions", "is_empty"), [([], True), (["1.0"], False), (None, False)])
def test_page_is_empty_only_with_empty_version_list(
    registry: PyPIRegistry, httpserver: HTTPServer, versions: object, is_empty: bool
) -> None:
    serve_page(httpserver, versions=versions)

    (standing,) = registry.check_simple_pages(["acme-blog"])

    assert standing.is_empty is is_empty


def test_equal_values_of_releases_are_shared(registry: PyPIRegistry, httpserver: HTTPServer) -> None:
    """Otherwise a project with many releases takes many times the memory."""
    repeated = {
        "classifiers": ["Framework :: Plone", "Framework :: Zope"],
        "project_urls": {"Source": "https://git.example"},
    }
    serve_project(httpserver, "3.0", {version: [build_file(version)] for version in ("1.0", "2.0", "3.0")})
    serve_release(httpserver, "1.0", **repeated)
    serve_release(httpserver, "2.0", **repeated)

    result = read_project(registry)

    first, second = get_metadata(result, "1.0"), get_metadata(result, "2.0")
    assert first.classifiers == ("Framework :: Plone", "Framework :: Zope")
    assert first.classifiers is second.classifiers
    assert first.project_urls is second.project_urls
