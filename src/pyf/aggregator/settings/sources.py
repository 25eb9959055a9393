"""Settings of the services that data comes from: PyPI, download counts and GitHub."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, SecretStr

from .types import HeaderText, OptionalUrl, ProxyUrl, SecretWord, Url, UrlWithQuery

# The documented values of PYPI_DISCOVERY, and their present names.
_DISCOVERY_ALIASES = {"browse": "classifiers", "scan": "all"}


def get_pypi_url() -> str:
    """Return the URL of PyPI; imported on use, because `pypi_simple` takes half a second to import."""
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    return str(PYPI_SIMPLE_ENDPOINT).removesuffix("/").removesuffix("/simple")


def _rename_discovery(value: object) -> object:
    return _DISCOVERY_ALIASES.get(value, value) if isinstance(value, str) else value


class ProxySettings(BaseModel):
    """Proxies of all requests, in the variables that curl, pip and other programs read as well."""

    https_proxy: ProxyUrl = Field(
        "",
        description="URL of the proxy for requests to https URLs, such as `http://user:password@proxy.example:3128`.",
    )
    http_proxy: ProxyUrl = Field("", description="URL of the proxy for requests to http URLs.")
    no_proxy: str = Field(
        "",
        description="Hosts that are requested without a proxy, separated by commas: names with their subdomains, IP "
        "addresses and networks, each with an optional port; `*` for all.",
    )


class PyPISettings(BaseModel):
    """PyPI, how packages are found there, and how they are read."""

    pypi_base_url: OptionalUrl = Field(
        "",
        description="URL of PyPI, or of a mirror that serves its JSON, Simple API and XML-RPC.",
    )
    pyf_contact: HeaderText = Field(
        "",
        description="E-mail address or URL at which operators of the services can reach you; part of the User-Agent.",
    )
    pypi_discovery: Annotated[Literal["classifiers", "all"], BeforeValidator(_rename_discovery)] = Field(
        "classifiers",
        description="How packages are found: `classifiers` asks PyPI for the packages of each classifier, `all` reads "
        "every package of PyPI. The older names `browse` and `scan` are accepted.",
    )
    candidates_source: Literal["file", "clickhouse"] = Field(
        "file",
        description="Where `-f` finds packages that may require a framework: CANDIDATES_FILE, or ClickHouse.",
    )
    candidates_file: str = Field(
        "",
        description="File of package names, one per line, that `-f` checks for requirements; `.gz` is decompressed.",
    )
    clickhouse_url: UrlWithQuery = Field(
        "https://sql-clickhouse.clickhouse.com/?user=demo",
        description="URL of a ClickHouse server with PyPI's public data; user and password are in its query.",
    )
    pypi_rate_limit_delay: float = Field(
        0.001, ge=0, le=3600, description="Seconds between the starts of two requests to PyPI, on average."
    )
    pypi_max_workers: int = Field(20, ge=1, le=200, description="Concurrent requests to PyPI.")
    pypi_max_retries: int = Field(3, ge=0, le=20, description="Retries of a failed request.")
    pypi_retry_backoff: float = Field(
        2.0, ge=0, le=600, description="Seconds before the first retry; doubled for each further one."
    )
    pypi_timeout: float = Field(60.0, gt=0, le=3600, description="Timeout of a request, in seconds.")
    pypi_batch_size: int = Field(500, ge=1, le=100_000, description="Documents that are written to the index at once.")
    render_workers: int = Field(
        0, ge=0, le=64, description="Processes that render READMEs; 0 for one per processor core."
    )
    status_max_age: int = Field(
        604_800,
        ge=0,
        description="Age in seconds at which `--refresh-from-pypi` reads a package's status and advisories again.",
    )

    @property
    def pypi_url(self) -> str:
        """The URL of PyPI, as set or by default; only commands that send requests to PyPI need it."""
        return self.pypi_base_url or get_pypi_url()


class DownloadSettings(BaseModel):
    """The source of download counts."""

    downloads_source: Literal["pypistats", "clickhouse"] = Field(
        "pypistats", description="Source of download counts: `pypistats` (about 30 packages a minute) or `clickhouse`."
    )
    pypistats_base_url: Url = Field("https://pypistats.org", description="URL of pypistats.")
    pypistats_rate_limit_delay: float = Field(
        2.0,
        ge=0,
        le=3600,
        description="Seconds between the starts of two requests to pypistats, which allows 30 a minute.",
    )
    pypistats_max_retries: int = Field(3, ge=0, le=20, description="Retries of a failed request to pypistats.")
    pypistats_retry_backoff: float = Field(
        2.0,
        ge=0,
        le=600,
        description="Seconds before the first retry of a request to pypistats; doubled for each further one.",
    )


class GitHubSettings(BaseModel):
    """GitHub's API."""

    github_token: SecretWord = Field(
        SecretStr(""),
        description="GitHub token; it needs no scopes. Without a token GitHub allows 60 requests an hour.",
    )
    github_request_delay: float = Field(
        0.75, ge=0, le=3600, description="Seconds between the starts of two requests to GitHub."
    )
    github_api_url: Url = Field(
        "https://api.github.com",
        description="URL of GitHub's REST API; GraphQL is at `/graphql` below it.",
    )
    github_cache_ttl: int = Field(
        86_400, ge=0, description="Cache lifetime of repository data, in seconds (shared by all collections)."
    )
    github_timeout: float = Field(30.0, gt=0, le=3600, description="Timeout of a request to GitHub, in seconds.")
