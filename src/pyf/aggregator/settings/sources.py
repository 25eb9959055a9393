"""Settings of the services that data comes from: PyPI and GitHub."""

from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta

from .index import TypesenseSettings
from .types import HeaderText, ProxyUrl, Secret, SecretWord, Url

# The documented values of PYPI_DISCOVERY, and their present names.
_DISCOVERY_ALIASES = {"browse": "classifiers", "scan": "all"}


def get_pypi_url() -> str:
    """Return the URL of PyPI; imported on use, because `pypi_simple` takes half a second to import."""
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    return str(PYPI_SIMPLE_ENDPOINT).removesuffix("/").removesuffix("/simple")


class ProxySettings(TypesenseSettings, frozen=True, kw_only=True):
    """Proxies of all requests, in the variables that curl, pip and other programs read as well."""

    https_proxy: Annotated[
        ProxyUrl,
        Meta(
            description="URL of the proxy for requests to https URLs, such as "
            "`http://user:password@proxy.example:3128`."
        ),
    ] = ""
    http_proxy: Annotated[ProxyUrl, Meta(description="URL of the proxy for requests to http URLs.")] = ""
    no_proxy: Annotated[
        str,
        Meta(
            description="Hosts that are requested without a proxy, separated by commas: names with their subdomains, "
            "IP addresses and networks, each with an optional port; `*` for all."
        ),
    ] = ""


class PyPISettings(ProxySettings, frozen=True, kw_only=True):
    """PyPI, how packages are found there, and how they are read."""

    pypi_base_url: Annotated[
        Url, Meta(description="URL of PyPI, or of a mirror that serves its JSON, Simple API and XML-RPC.")
    ] = ""
    pyf_contact: Annotated[
        HeaderText,
        Meta(
            description="E-mail address or URL at which operators of the services can reach you; part of the "
            "User-Agent."
        ),
    ] = ""
    pypi_discovery: Annotated[
        Literal["classifiers", "all"],
        Meta(
            extra={"aliases": _DISCOVERY_ALIASES},
            description="How packages are found: `classifiers` asks PyPI for the packages of each classifier, `all` "
            "reads every package of PyPI. The older names `browse` and `scan` are accepted.",
        ),
    ] = "classifiers"
    candidates_source: Annotated[
        Literal["file", "clickhouse"],
        Meta(
            description="Where `pyf fetch` finds packages that may require a framework: CANDIDATES_FILE, or ClickHouse."
        ),
    ] = "file"
    candidates_file: Annotated[
        str,
        Meta(
            description="File of package names, one per line, that `pyf fetch` checks for requirements; `.gz` is "
            "decompressed."
        ),
    ] = ""
    pypi_rate_limit_delay: Annotated[
        float, Meta(ge=0, le=3600, description="Seconds between the starts of two requests to PyPI, on average.")
    ] = 0.001
    pypi_max_workers: Annotated[int, Meta(ge=1, le=200, description="Concurrent requests to PyPI.")] = 20
    pypi_max_retries: Annotated[int, Meta(ge=0, le=20, description="Retries of a failed request.")] = 3
    pypi_retry_backoff: Annotated[
        float, Meta(ge=0, le=600, description="Seconds before the first retry; doubled for each further one.")
    ] = 2.0
    pypi_timeout: Annotated[float, Meta(gt=0, le=3600, description="Timeout of a request, in seconds.")] = 60.0
    pypi_batch_size: Annotated[
        int, Meta(ge=1, le=100_000, description="Documents that are written to the index at once.")
    ] = 500
    render_workers: Annotated[
        int, Meta(ge=0, le=64, description="Processes that render READMEs; 0 for one per processor core.")
    ] = 0
    status_max_age: Annotated[
        int,
        Meta(
            ge=0,
            description="Age in seconds at which `pyf refresh` reads a package's status and advisories again.",
        ),
    ] = 604_800

    @property
    def pypi_url(self) -> str:
        """The URL of PyPI, as set or by default; only commands that send requests to PyPI need it."""
        return self.pypi_base_url or get_pypi_url()


class GitHubSettings(PyPISettings, frozen=True, kw_only=True):
    """GitHub's API."""

    github_token: Annotated[
        SecretWord,
        Meta(description="GitHub token; it needs no scopes. Without a token GitHub allows 60 requests an hour."),
    ] = Secret()
    github_request_delay: Annotated[
        float,
        Meta(ge=0, le=3600, description="Seconds between the starts of two requests to a repository host."),
    ] = 0.75
    github_api_url: Annotated[Url, Meta(description="URL of GitHub's REST API; GraphQL is at `/graphql` below it.")] = (
        "https://api.github.com"
    )
    github_cache_ttl: Annotated[
        int, Meta(ge=0, description="Cache lifetime of repository data, in seconds (shared by all collections).")
    ] = 86_400
    github_timeout: Annotated[
        float, Meta(gt=0, le=3600, description="Timeout of a request to a repository host, in seconds.")
    ] = 30.0

    def find_conflicting_credentials(self) -> Iterator[str]:
        """Yield a line if a request to GitHub would carry two kinds of credentials."""
        if self.github_token.get_secret_value() and "@" in urlsplit(self.github_api_url).netloc:
            yield "GITHUB_API_URL contains a user, and GITHUB_TOKEN is set: a request can't send both. Remove one"
