"""Settings of the web site and of monitoring."""

from typing import Literal

from pydantic import BaseModel, Field

from .types import Host, Networks, OptionalUrl, Origins


class WebSettings(BaseModel):
    """The web site and its API, as `pyfserve` serves them."""

    web_url: OptionalUrl = Field("", description="Public URL of the site. Default: the URL of the request.")
    web_cache_max_age: int = Field(
        60,
        ge=0,
        le=86_400,
        description="Seconds that browsers and proxies may reuse a response (`Cache-Control: max-age`).",
    )
    web_rate_limit: int = Field(
        600, ge=0, le=1_000_000, description="Requests per minute that `pyfserve` allows a client; 0 for no limit."
    )
    web_trusted_proxies: Networks = Field(
        "",
        description="IP addresses or networks of proxies whose X-Forwarded-For header is trusted, separated by commas.",
    )
    web_cors_origins: Origins = Field(
        "",
        description="Origins, such as `https://example.org`, whose pages may call the API, separated by commas; `*` "
        "for all.",
    )
    web_api_keys_required: bool = Field(
        False, description="Whether requests to `/api/v1/` need a key; `pyfupdater` creates keys."
    )


class MonitoringSettings(BaseModel):
    """Metrics and logs."""

    metrics_port: int = Field(
        0, ge=0, le=65_535, description="Port on which a worker serves Prometheus metrics at `/metrics`; 0 for none."
    )
    metrics_host: Host = Field(
        "127.0.0.1", description="IP address that METRICS_PORT is opened on; 0.0.0.0 allows other machines."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="Log format of worker, beat and `pyfserve`: text lines, or one JSON object per line."
    )
