"""Settings of the profiles, of the index and of the Typesense server."""

from typing import Literal

from pydantic import BaseModel, Field, SecretStr

from .types import Host, SecretWord, UrlList, to_url_host


class ProfileSettings(BaseModel):
    """The profile to use, and the user's own configuration files."""

    default_profile: str = Field("", description="Profile to use if a command has neither `-p` nor `-t`.")
    profiles_file: str = Field(
        "", description="YAML file with profiles. They are added to the built-in ones; equal keys replace them."
    )
    health_file: str = Field(
        "", description="YAML file with weights, caps and thresholds of the health score. It overrides the defaults."
    )
    synonyms_file: str = Field("", description="YAML file with words and synonyms to add to the built-in ones.")


class IndexSettings(BaseModel):
    """The engine that stores the index, and what it stores of READMEs."""

    index_backend: Literal["", "sqlite", "typesense"] = Field(
        "", description="Engine of the index. Default: `typesense` if TYPESENSE_API_KEY is set, else `sqlite`."
    )
    sqlite_path: str = Field(
        "", description="File of the SQLite index. Default: `pyf.sqlite3` in the user data folder of the platform."
    )
    descriptions: Literal["", "newest", "all"] = Field(
        "",
        description="Releases whose README is rendered and stored: the newest of each package (`newest`), or `all`. "
        "Default: `all` on Typesense, whose clients search in all releases, else `newest`.",
    )


class TypesenseSettings(BaseModel):
    """The Typesense server."""

    typesense_host: Host = Field("localhost", description="Host of the Typesense server.")
    typesense_port: int = Field(8108, ge=1, le=65_535, description="Port of the Typesense server.")
    typesense_protocol: Literal["http", "https"] = Field("http", description="Protocol of the Typesense server.")
    typesense_nodes: UrlList = Field(
        "",
        description="URLs of the nodes of a cluster, separated by commas. TYPESENSE_HOST, TYPESENSE_PORT and "
        "TYPESENSE_PROTOCOL are ignored then.",
    )
    typesense_api_key: SecretWord = Field(
        SecretStr(""), description="Admin API key of the Typesense server. Setting it selects the Typesense engine."
    )
    typesense_timeout: float = Field(
        120.0, gt=0, le=3600, description="Read timeout of requests to the Typesense server, in seconds."
    )
    typesense_retry_timeout: float = Field(
        60.0, ge=0, le=3600, description="Seconds that a run waits for a Typesense server that is unavailable."
    )

    @property
    def typesense_urls(self) -> list[str]:
        """The URL of the Typesense server, or those of the nodes of a cluster."""
        if self.typesense_nodes:
            return self.typesense_nodes.split(",")
        return [f"{self.typesense_protocol}://{to_url_host(self.typesense_host)}:{self.typesense_port}"]
