"""Settings of the profiles, of the index and of the Typesense server."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

from .types import Host, Secret, SecretWord, UrlList, Word, to_url_host


class BaseSettings(Struct, frozen=True, kw_only=True):
    """Where settings come from.

    A Struct has one base, so the subjects of settings are a chain of classes.

    Attributes:
        sources: Place of each setting that is set, such as `environment` or `.env, line 3`.
    """

    sources: Mapping[str, str] = {}


class ProfileSettings(BaseSettings, frozen=True, kw_only=True):
    """The profile to use, and the user's own configuration files."""

    default_profile: Annotated[Word, Meta(description="Profile to use if a command has neither `-p` nor `-t`.")] = ""
    profiles_file: Annotated[
        str, Meta(description="YAML file with profiles. They are added to the built-in ones; equal keys replace them.")
    ] = ""
    health_file: Annotated[
        str,
        Meta(description="YAML file with weights, caps and thresholds of the health score. It overrides the defaults."),
    ] = ""
    synonyms_file: Annotated[
        str, Meta(description="YAML file with words and synonyms to add to the built-in ones.")
    ] = ""


class IndexSettings(ProfileSettings, frozen=True, kw_only=True):
    """The engine that stores the index, and what it stores of READMEs."""

    index_backend: Annotated[
        Literal["", "sqlite", "typesense"],
        Meta(description="Engine of the index. Default: `typesense` if TYPESENSE_API_KEY is set, else `sqlite`."),
    ] = ""
    sqlite_path: Annotated[
        str,
        Meta(description="File of the SQLite index. Default: `pyf.sqlite3` in the user data folder of the platform."),
    ] = ""
    descriptions: Annotated[
        Literal["", "newest", "all"],
        Meta(
            description="Releases whose README is rendered and stored: the newest of each package (`newest`), or "
            "`all`. Default: `all` on Typesense, whose clients search in all releases, else `newest`."
        ),
    ] = ""


class TypesenseSettings(IndexSettings, frozen=True, kw_only=True):
    """The Typesense server."""

    typesense_host: Annotated[Host, Meta(description="Host of the Typesense server.")] = "localhost"
    typesense_port: Annotated[int, Meta(ge=1, le=65_535, description="Port of the Typesense server.")] = 8108
    typesense_protocol: Annotated[Literal["http", "https"], Meta(description="Protocol of the Typesense server.")] = (
        "http"
    )
    typesense_nodes: Annotated[
        UrlList,
        Meta(
            description="URLs of the nodes of a cluster, separated by commas. TYPESENSE_HOST, TYPESENSE_PORT and "
            "TYPESENSE_PROTOCOL are ignored then."
        ),
    ] = ""
    typesense_api_key: Annotated[
        SecretWord, Meta(description="Admin API key of the Typesense server. Setting it selects the Typesense engine.")
    ] = Secret()
    typesense_timeout: Annotated[
        float, Meta(gt=0, le=3600, description="Read timeout of requests to the Typesense server, in seconds.")
    ] = 120.0
    typesense_retry_timeout: Annotated[
        float, Meta(ge=0, le=3600, description="Seconds that a run waits for a Typesense server that is unavailable.")
    ] = 60.0

    @property
    def typesense_urls(self) -> list[str]:
        """The URL of the Typesense server, or those of the nodes of a cluster."""
        if self.typesense_nodes:
            return self.typesense_nodes.split(",")
        return [f"{self.typesense_protocol}://{to_url_host(self.typesense_host)}:{self.typesense_port}"]
