"""Every setting, declared once: its name is the variable's, its type checks the value, its help is the reference."""

import re
from ipaddress import ip_network
from typing import Any, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from .domain.errors import Invalid
from .domain.schedule import Schedule

_COMMENT = re.compile(r"(^|\s+)#.*$", re.DOTALL)
_PASSWORDS = re.compile(r"(?<=:)[^\s/?#@:]+(?=@)|(?<=[?&]password=)[^\s#&]+")
_PLACEHOLDER = re.compile(r"<[^<>]*>")


class Settings(BaseSettings):
    """The program's settings, from the environment and from `.env` in the current folder; the environment wins."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8-sig", extra="ignore", hide_input_in_errors=True
    )

    default_profile: str = Field("", description="Profile that a command uses when neither `-p` nor `-t` names one.")
    profiles_file: str = Field(
        "", description="YAML file whose profiles are added to the built-in ones, or replace those of the same key."
    )
    health_file: str = Field(
        "", description="YAML file whose weights, caps and thresholds of the health score replace the built-in ones."
    )
    synonyms_file: str = Field(
        "", description="YAML file whose words and synonyms are added to those that a search knows of its own."
    )
    index_backend: Literal["", "sqlite", "typesense"] = Field(
        "",
        description="Engine that keeps the index; by default `typesense` if TYPESENSE_API_KEY is set, else `sqlite`.",
    )
    sqlite_path: str = Field(
        "", description="File of the SQLite index; by default `pyf.sqlite3` in the platform's folder for user data."
    )
    descriptions: Literal["", "newest", "all"] = Field(
        "",
        description="Releases whose README is rendered and kept: the newest of each project (`newest`), or `all`. By "
        "default `all` on Typesense, whose clients search in all releases, else `newest`.",
    )
    pypi_base_url: str = Field(
        default_factory=lambda: pypi_address(),
        description="Address of PyPI, or of a mirror that serves its JSON, simple index and XML-RPC.",
    )
    pyf_contact: str = Field(
        "", description="Mail address or page by which the services' operators can reach you; part of the User-Agent."
    )
    pypi_discovery: Literal["browse", "scan"] = Field(
        "browse",
        description="How projects are found: by asking for classifiers, or by looking at every project there is.",
    )
    candidates_source: Literal["file", "clickhouse"] = Field(
        "file",
        description="Where `-f` learns who requires a framework under any name: CANDIDATES_FILE, or ClickHouse's data.",
    )
    candidates_file: str = Field(
        "",
        description="File of project names, one a line, that `-f` judges by their requirements; `.gz` is decompressed.",
    )
    clickhouse_url: str = Field(
        "https://sql-clickhouse.clickhouse.com/?user=demo",
        description="Address of a ClickHouse with PyPI's public data; its query names user and password.",
    )
    pypi_rate_limit_delay: float = Field(
        0.001, ge=0, le=3600, description="Seconds between the starts of two requests to PyPI, on average."
    )
    pypi_max_workers: int = Field(20, ge=1, le=200, description="Requests to PyPI under way at once.")
    pypi_max_retries: int = Field(3, ge=0, le=20, description="How often a request without an answer is repeated.")
    pypi_retry_backoff: float = Field(
        2.0, ge=0, le=600, description="Seconds before a request is repeated; doubled for every further time."
    )
    pypi_timeout: float = Field(60.0, gt=0, le=3600, description="Seconds after which a request has failed.")
    pypi_batch_size: int = Field(500, ge=1, le=100_000, description="Documents that are written to the index at once.")
    render_workers: int = Field(
        0, ge=0, le=64, description="Processes that render READMEs; 0 for one a processor core."
    )
    status_max_age: int = Field(
        604_800,
        ge=0,
        description="Seconds after which `--refresh-from-pypi` looks up a project's status and advisories again.",
    )

    downloads_source: Literal["pypistats", "clickhouse"] = Field(
        "pypistats", description="Where download counts come from: pypistats, some 30 packages a minute, or ClickHouse."
    )
    pypistats_base_url: str = Field("https://pypistats.org", description="Address of pypistats.")
    pypistats_rate_limit_delay: float = Field(
        2.0,
        ge=0,
        le=3600,
        description="Seconds between the starts of two requests to pypistats, which allows 30 a minute.",
    )
    pypistats_max_retries: int = Field(
        3, ge=0, le=20, description="How often a request to pypistats without an answer is repeated."
    )
    pypistats_retry_backoff: float = Field(
        2.0,
        ge=0,
        le=600,
        description="Seconds before a request to pypistats is repeated; doubled for every further time.",
    )
    github_token: SecretStr = Field(
        SecretStr(""),
        description="GitHub's token, any without scopes will do; without one GitHub allows 60 requests an hour.",
    )
    github_request_delay: float = Field(
        0.75, ge=0, le=3600, description="Seconds between the starts of two requests to GitHub."
    )
    github_api_url: str = Field(
        "https://api.github.com",
        description="Address of GitHub's REST API, or of what stands in for it; GraphQL is at `/graphql` below it.",
    )
    github_cache_ttl: int = Field(
        86_400, ge=0, description="Seconds after which a repository is asked about again, in whatever collection."
    )
    github_timeout: float = Field(
        30.0, gt=0, le=3600, description="Seconds after which a request to GitHub has failed."
    )
    typesense_host: str = Field("localhost", description="Host of the Typesense server.")
    typesense_port: int = Field(8108, ge=1, le=65_535, description="Port of the Typesense server.")
    typesense_protocol: Literal["http", "https"] = Field("http", description="How the Typesense server is spoken to.")
    typesense_nodes: str = Field(
        "",
        description="Addresses of a cluster's nodes, with commas in between; TYPESENSE_HOST, TYPESENSE_PORT and "
        "TYPESENSE_PROTOCOL are not looked at then.",
    )
    typesense_api_key: SecretStr = Field(
        SecretStr(""), description="Key of the Typesense server that may do everything; it makes Typesense the engine."
    )
    typesense_timeout: float = Field(
        120.0,
        gt=0,
        le=3600,
        description="Seconds without a word of the Typesense server after which a request has failed.",
    )
    typesense_patience: float = Field(
        60.0, ge=0, le=3600, description="Seconds that a run waits for a Typesense server that does not answer."
    )

    web_url: str = Field(
        "", description="Address at which others reach the page; by default the one that a request came by."
    )
    web_max_age: int = Field(
        60,
        ge=0,
        le=86_400,
        description="Seconds that browsers and proxies may show an answer without asking for a newer one.",
    )
    web_rate_limit: int = Field(
        600, ge=0, le=1_000_000, description="Requests that a client may send `pyfserve` in a minute; 0 for no limit."
    )
    web_trusted_proxies: str = Field(
        "",
        description="Addresses or networks of proxies, with commas in between, that are believed when they say who "
        "the client is (X-Forwarded-For).",
    )
    web_cors_origins: str = Field(
        "",
        description="Origins, such as `https://example.org`, with commas in between, whose pages may read the "
        "interface; `*` for all.",
    )
    web_api_keys_required: bool = Field(
        False, description="Whether the interface at `/api/v1/` is open only to those with a key from `pyfupdater`."
    )

    redis_host: str = Field(
        "localhost:6379",
        description="Redis or Valkey of the queue: host and port, or a full address (`redis://:password@host:6379/0`, "
        "`rediss://…` for TLS).",
    )
    typesense_collection: str = Field(
        "",
        description="Collection that the queue's tasks work on where a call names none; by default every collection.",
    )
    rss_dedup_ttl: int = Field(
        86_400, ge=0, description="RSS_DEDUP_TTL_NEW and RSS_DEDUP_TTL_UPDATE, where these are not set."
    )
    rss_dedup_ttl_new: int = Field(
        86_400,
        ge=0,
        description="Seconds for which a new project of PyPI's feed is not looked at again; 0 remembers nothing.",
    )
    rss_dedup_ttl_update: int = Field(
        86_400,
        ge=0,
        description="Seconds for which a release of PyPI's feed is not looked at again; 0 remembers nothing.",
    )
    celery_worker_pool: Literal["threads", "prefork", "solo"] = Field(
        "threads", description="How a worker does several tasks at once; `solo` does one after the other."
    )
    celery_worker_concurrency: int = Field(20, ge=1, le=1000, description="Tasks that a worker does at once.")
    celery_worker_prefetch_multiplier: int = Field(
        4, ge=1, le=1000, description="Tasks that a worker takes from the queue, for each that it does at once."
    )
    celery_task_soft_time_limit: int = Field(
        300, ge=1, description="Seconds after which a task comes to an end by itself; what is left is done next time."
    )
    celery_task_time_limit: int = Field(
        600, ge=1, description="Seconds after which a task is ended, where the pool can do that: `prefork`."
    )
    celery_long_task_soft_time_limit: int = Field(
        3600, ge=1, description="CELERY_TASK_SOFT_TIME_LIMIT of the tasks that go through whole collections."
    )
    celery_long_task_time_limit: int = Field(
        4200, ge=1, description="CELERY_TASK_TIME_LIMIT of the tasks that go through whole collections."
    )
    celery_visibility_timeout: int = Field(
        14_400,
        ge=1,
        description="Seconds after which a task whose worker was lost is delivered again; above all time limits.",
    )
    celery_restore_interval: int = Field(
        60, ge=1, le=3600, description="Seconds between two looks for tasks whose worker was lost."
    )
    celery_task_max_retries: int = Field(
        8, ge=0, le=100, description="How often a task is tried again that a service gave no answer to."
    )
    celery_task_retry_backoff: float = Field(
        30.0, ge=0, le=3600, description="Seconds before a task is tried again; doubled for every further time."
    )
    celery_fetch_batch_size: int = Field(
        500,
        ge=0,
        description="Projects that one task of a full fetch reads, so that workers share it; 0: one task reads all.",
    )
    celery_browse_interval: int = Field(
        3600,
        ge=0,
        description="Seconds between two questions of the queue for the projects of every classifier; what changes in "
        "between it learns from PyPI's journal.",
    )
    celery_schedule_rss_projects: str = Field(
        "*/1 * * * *",
        description="When the queue reads PyPI's feed of new projects: a crontab, UTC; empty: never.",
    )
    celery_schedule_rss_releases: str = Field(
        "*/1 * * * *",
        description="When the queue reads PyPI's feed of releases: a crontab, UTC; empty: never.",
    )
    celery_schedule_changes: str = Field(
        "*/5 * * * *",
        description="When the queue reads PyPI's journal, as `-i` does: a crontab, UTC; empty: never.",
    )
    celery_schedule_weekly_refresh: str = Field(
        "0 2 * * 0",
        description="When `--watch` or the queue does what `--refresh-from-pypi` does: a crontab, UTC; empty: never.",
    )
    celery_schedule_monthly_fetch: str = Field(
        "0 3 1 * *",
        description="When `--watch` or the queue does what `-f` does: a crontab, UTC; empty: never.",
    )
    celery_schedule_weekly_downloads: str = Field(
        "0 4 * * 0",
        description="When `--watch` or the queue does what `pyfdownloads` does: a crontab, UTC; empty: never.",
    )
    celery_schedule_weekly_github: str = Field(
        "0 5 * * 0",
        description="When `--watch` or the queue does what `pyfgithub` does: a crontab, UTC; empty: never.",
    )
    celery_schedule_nightly_scores: str = Field(
        "0 1 * * *",
        description="When `--watch` or the queue scores everything anew: a crontab, UTC; empty: never.",
    )

    metrics_port: int = Field(
        0,
        ge=0,
        le=65_535,
        description="Port on which a worker tells Prometheus how it does, at `/metrics`; 0 for none.",
    )
    metrics_host: str = Field(
        "127.0.0.1", description="Address that METRICS_PORT is opened on; 0.0.0.0 lets other machines ask."
    )
    log_format: Literal["text", "json"] = Field(
        "text",
        description="How worker, beat and `pyfserve` write their log: lines for people, or one JSON object a line.",
    )

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, values: Any) -> Any:
        """Drop trailing comments (systemd keeps them), and take empty values and `<placeholders>` as not set.

        An empty schedule stays: it means never.
        """
        if not isinstance(values, dict):
            return values
        written = {name: _COMMENT.sub("", v).strip() if isinstance(v, str) else v for name, v in values.items()}
        return {
            name: v
            for name, v in written.items()
            if v is not None and (v != "" or _is_schedule(name)) and not _is_placeholder(v)
        }

    @field_validator("pypi_base_url", "pypistats_base_url", "github_api_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value) or not _has_a_host(value):
            raise ValueError("must be an http or https address")
        return value.rstrip("/")

    @field_validator("clickhouse_url")
    @classmethod
    def _address_with_query(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?(\?[^\s#]*)?", value) or not _has_a_host(value):
            raise ValueError("must be an http or https address")
        return value

    @field_validator(
        "celery_schedule_rss_projects",
        "celery_schedule_rss_releases",
        "celery_schedule_changes",
        "celery_schedule_weekly_refresh",
        "celery_schedule_monthly_fetch",
        "celery_schedule_weekly_downloads",
        "celery_schedule_weekly_github",
        "celery_schedule_nightly_scores",
    )
    @classmethod
    def _crontab(cls, value: str) -> str:
        try:
            Schedule(value).check()
        except Invalid as error:
            raise ValueError(str(error)) from error
        return value

    @field_validator("github_token", "typesense_api_key")
    @classmethod
    def _secret(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[!-~]*", value.get_secret_value()):
            raise ValueError("must be one word of ASCII characters: it is sent in a header")
        return value

    @field_validator("typesense_host", "metrics_host")
    @classmethod
    def _host(cls, value: str) -> str:
        if re.search(r"[\s/@?#]", value) or not _has_a_host(f"http://{_in_address(value)}:1"):
            raise ValueError("must be a host's name or number, without protocol and port")
        return value

    @field_validator("typesense_nodes")
    @classmethod
    def _addresses(cls, value: str) -> str:
        return ",".join(cls._address(node.strip()) for node in value.split(",") if node.strip())

    @field_validator("web_url")
    @classmethod
    def _address_or_none(cls, value: str) -> str:
        return cls._address(value) if value else value

    @field_validator("web_trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        networks = [each.strip() for each in value.split(",") if each.strip()]
        for network in networks:
            ip_network(network, strict=False)
        return ",".join(networks)

    @field_validator("web_cors_origins")
    @classmethod
    def _origins(cls, value: str) -> str:
        origins = [each.strip().rstrip("/") for each in value.split(",") if each.strip()]
        for origin in origins:
            if origin != "*" and not (re.fullmatch(r"https?://[^\s/?#@]+", origin) and _has_a_host(origin)):
                raise ValueError(f"{origin} is no origin: it must be like https://example.org")
        return ",".join(origins)

    @field_validator("redis_host")
    @classmethod
    def _redis(cls, value: str) -> str:
        address = value if "://" in value else f"redis://{value}"
        if not re.fullmatch(r"rediss?://\S+", address):
            raise ValueError("must be host:port, or an address that begins with redis:// or rediss://")
        if not (_has_a_host(address) and re.fullmatch(r"/?\d*", urlsplit(address).path)):
            raise ValueError("must name a host, perhaps a port, and a database by its number")
        return value

    @field_validator("pyf_contact")
    @classmethod
    def _header(cls, value: str) -> str:
        if not value.isprintable() or not value.isascii():
            raise ValueError("must be plain ASCII text: it is sent in a header")
        return value

    @model_validator(mode="after")
    def _limits_in_order(self) -> Self:
        """A task that is at work must not be delivered a second time, nor be ended before it ends by itself."""
        for kind in ("celery_task", "celery_long_task"):
            soft, hard = f"{kind}_soft_time_limit", f"{kind}_time_limit"
            if getattr(self, soft) > getattr(self, hard):
                raise ValueError(
                    f"{soft.upper()}={getattr(self, soft)} must not be above {hard.upper()}={getattr(self, hard)}"
                )
            if getattr(self, hard) >= self.celery_visibility_timeout:
                raise ValueError(
                    f"CELERY_VISIBILITY_TIMEOUT={self.celery_visibility_timeout} must be above "
                    f"{hard.upper()}={getattr(self, hard)}"
                )
        return self

    @property
    def redis_url(self) -> str:
        """The full address of the Redis; who speaks TLS has to prove who it is unless the address says otherwise."""
        address = self.redis_host if "://" in self.redis_host else f"redis://{self.redis_host}"
        if address.startswith("rediss://") and "ssl_cert_reqs=" not in address:
            address += f"{'&' if '?' in address else '?'}ssl_cert_reqs=required"
        return address

    def dedup_ttl(self, feed: Literal["new", "update"]) -> int:
        """Return for how many seconds an entry of a feed is remembered; RSS_DEDUP_TTL stands in for what is not set."""
        own = f"rss_dedup_ttl_{feed}"
        is_left_to_other = own not in self.model_fields_set and "rss_dedup_ttl" in self.model_fields_set
        return int(self.rss_dedup_ttl if is_left_to_other else getattr(self, own))

    @property
    def engine(self) -> str:
        """The engine that keeps the index, as chosen or by default."""
        return self.index_backend or ("typesense" if self.typesense_api_key.get_secret_value() else "sqlite")

    @property
    def kept_descriptions(self) -> Literal["newest", "all"]:
        """The releases whose README is kept, as chosen or by default."""
        return self.descriptions or ("all" if self.engine == "typesense" else "newest")

    @property
    def secrets(self) -> list[str]:
        """What no log may show: secret settings, and the passwords in addresses."""
        found = []
        for value in (*(getattr(self, name) for name in type(self).model_fields), self.redis_url):
            if isinstance(value, SecretStr):
                found.append(value.get_secret_value())
            elif isinstance(value, str) and "://" in value:
                found += [unquote(secret) for secret in _PASSWORDS.findall(value)] + _PASSWORDS.findall(value)
        return sorted({secret for secret in found if secret}, key=len, reverse=True)

    @property
    def typesense_addresses(self) -> list[str]:
        """The address of the Typesense server, or those of the nodes of a cluster."""
        if self.typesense_nodes:
            return self.typesense_nodes.split(",")
        return [f"{self.typesense_protocol}://{_in_address(self.typesense_host)}:{self.typesense_port}"]


def pypi_address() -> str:
    """Return PyPI's address; the package that knows it takes half a second to import, so a mirror's user is spared."""
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    return str(PYPI_SIMPLE_ENDPOINT).removesuffix("/").removesuffix("/simple")


def _has_a_host(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that there is not, or half a bracket
        return False


def _in_address(host: str) -> str:
    """Return a host as it stands in an address; a number of IP version 6 needs brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _is_schedule(name: str) -> bool:
    return name.lower().startswith("celery_schedule_")


def _is_placeholder(value: Any) -> bool:
    return isinstance(value, str) and _PLACEHOLDER.fullmatch(value) is not None


def _shown(name: str, value: object) -> str:
    """Return a setting with its value, unless that is a secret."""
    field = Settings.model_fields.get(name)
    is_secret = (field is not None and field.annotation is SecretStr) or (name == "redis_host" and "@" in str(value))
    return name.upper() if is_secret else f"{name.upper()}={value!r}"


def _told(problem: Any) -> str:
    """Return what is wrong with a setting; what is wrong with several together names them itself."""
    reason: str = problem["msg"].removeprefix("Value error, ")
    name = ".".join(str(part) for part in problem["loc"])
    return f"{_shown(name, problem['input'])}: {reason}" if name else reason


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; raises `Invalid` with one line that names each setting whose value can't be used."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise Invalid("; ".join(map(_told, error.errors()))) from error
    except UnicodeDecodeError as error:
        raise Invalid(f".env is not UTF-8 text: {error}") from error
    except OSError as error:
        raise Invalid(f".env can't be read: {error.strerror}") from error
