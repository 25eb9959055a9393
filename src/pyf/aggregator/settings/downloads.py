"""Sources of download counts, and their settings."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from .repositories import RepositorySettings
from .types import Secret, Url, UrlWithQuery

# Each source and its speed; the module of this name in `adapters/downloads` is its adapter.
DOWNLOAD_SOURCES: dict[str, str] = {
    "pypistats": "30 packages a minute",
    "clickhouse": "900 packages a request",
}


def describe_sources() -> str:
    """Return the names of the sources with their speed."""
    return " or ".join(f"`{name}` ({speed})" for name, speed in DOWNLOAD_SOURCES.items())


class DownloadSettings(RepositorySettings, frozen=True, kw_only=True):
    """The source of download counts. The settings of a source begin with its name."""

    downloads_source: Annotated[
        Literal[tuple(DOWNLOAD_SOURCES)],  # type: ignore[valid-type]
        Meta(description=f"Source of download counts: {describe_sources()}."),
    ] = "pypistats"
    clickhouse_url: Annotated[
        UrlWithQuery,
        Meta(description="URL of a ClickHouse server with PyPI's public data; user and password are in its query."),
    ] = "https://sql-clickhouse.clickhouse.com/?user=demo"
    pypistats_base_url: Annotated[Url, Meta(description="URL of pypistats.")] = "https://pypistats.org"
    pypistats_rate_limit_delay: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="Seconds between the starts of two requests to pypistats, which allows 30 a minute.",
        ),
    ] = 2.0
    pypistats_max_retries: Annotated[
        int, Meta(ge=0, le=20, description="Retries of a failed request to pypistats.")
    ] = 3
    pypistats_retry_backoff: Annotated[
        float,
        Meta(
            ge=0,
            le=600,
            description="Seconds before the first retry of a request to pypistats; doubled for each further one.",
        ),
    ] = 2.0

    def get_source_settings(self) -> dict[str, Any]:
        """Return the settings of the selected source, by their names without the name of the source."""
        prefix = f"{self.downloads_source}_"
        values = {name: getattr(self, name) for name in self.__struct_fields__ if name.startswith(prefix)}
        return {
            name.removeprefix(prefix): value.get_secret_value() if isinstance(value, Secret) else value
            for name, value in values.items()
        }
