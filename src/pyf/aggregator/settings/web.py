"""Settings of webhooks, of the web site and of monitoring."""

from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta

from .queue import ScheduleSettings
from .types import ContactUrl, Host, Networks, Origins, RootPath, Secret, SecretUrls, Url, WebhookSecrets


class WebhookSettings(ScheduleSettings, frozen=True, kw_only=True):
    """The receivers of webhooks."""

    webhook_urls: Annotated[
        SecretUrls,
        Meta(
            description="URLs that events of all collections are sent to, separated by commas: new packages and "
            "releases, packages that left, lost support, advisories."
        ),
    ] = ""
    webhook_secret: Annotated[
        WebhookSecrets,
        Meta(
            description="Key that signs webhooks: `whsec_` and 24 to 64 random bytes in base64. While receivers change "
            "to a new key, set both, separated by a comma: each signs."
        ),
    ] = Secret()

    def find_unsigned_webhooks(self) -> Iterator[str]:
        """Yield a line if there are receivers, but no key to sign what they get."""
        if self.webhook_urls and not self.webhook_secret.get_secret_value():
            yield 'WEBHOOK_URLS needs WEBHOOK_SECRET; create one: echo "whsec_$(openssl rand -base64 32)"'


class WebSettings(WebhookSettings, frozen=True, kw_only=True):
    """The web site and its API, as `pyfserve` serves them."""

    web_url: Annotated[
        Url, Meta(description="Public URL of the site. Default: the address that a client is connected to.")
    ] = ""
    web_site_name: Annotated[str, Meta(description="Name of the site, at the top of every page and in its title.")] = (
        "Python Package Index by Framework"
    )
    web_contact: Annotated[
        ContactUrl, Meta(description="E-mail address or URL that the pages name as the contact of the site.")
    ] = ""
    web_imprint: Annotated[Url, Meta(description="URL of the imprint that the pages link.")] = ""
    web_access_log: Annotated[bool, Meta(description="Whether `pyf serve` logs every request.")] = True
    web_root_path: Annotated[
        RootPath,
        Meta(
            description="Path below the host that the site is published at, such as `/packages`. Default: the path of "
            "WEB_URL."
        ),
    ] = ""
    web_cache_max_age: Annotated[
        int,
        Meta(
            ge=0,
            le=86_400,
            description="Seconds that browsers and proxies may reuse a response (`Cache-Control: max-age`).",
        ),
    ] = 60
    web_rate_limit: Annotated[
        int,
        Meta(ge=0, le=1_000_000, description="Requests per minute that `pyf serve` allows a client; 0 for no limit."),
    ] = 600
    web_trusted_proxies: Annotated[
        Networks,
        Meta(
            description="IP addresses or networks of proxies whose X-Forwarded-For header is trusted, separated by "
            "commas."
        ),
    ] = ""
    web_cors_origins: Annotated[
        Origins,
        Meta(
            description="Origins, such as `https://example.org`, whose pages may call the API, separated by commas; "
            "`*` for all."
        ),
    ] = ""
    web_api_keys_required: Annotated[
        bool, Meta(description="Whether requests to `/api/v1/` need a key; `pyf key add` creates keys.")
    ] = False

    @property
    def root_path(self) -> str:
        """The path that the site is published at, without a trailing slash."""
        return self.web_root_path or urlsplit(self.web_url).path.rstrip("/")


class MonitoringSettings(WebSettings, frozen=True, kw_only=True):
    """Metrics and logs."""

    metrics_port: Annotated[
        int,
        Meta(
            ge=0, le=65_535, description="Port on which a worker serves Prometheus metrics at `/metrics`; 0 for none."
        ),
    ] = 0
    metrics_host: Annotated[
        Host, Meta(description="IP address that METRICS_PORT is opened on; 0.0.0.0 allows other machines.")
    ] = "127.0.0.1"
    log_format: Annotated[
        Literal["text", "json"],
        Meta(description="Log format of worker, beat and `pyfserve`: text lines, or one JSON object per line."),
    ] = "text"
