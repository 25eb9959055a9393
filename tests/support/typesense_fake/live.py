"""A part of a real server that looks like a server of its own: every name on it begins with a prefix.

The environment variables TYPESENSE_TEST_URL and TYPESENSE_TEST_KEY name the server. What a test reads and writes behind
the program's back goes the same way, so a test need not know which server it runs on.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any
from urllib.parse import quote
from uuid import uuid4
from weakref import finalize

import httpx
import pytest

from pyf.aggregator.sandbox.responses import PreparedResponse
from support.typesense_fake.errors import RequestRejected
from support.typesense_fake.replay import Exchange
from support.typesense_fake.requests import Request, parse_request
from support.typesense_fake.schema import Json, encode
from support.typesense_fake.server import ADMIN_KEY

LIVE_URL = os.environ.get("TYPESENSE_TEST_URL", "")
LIVE_KEY = os.environ.get("TYPESENSE_TEST_KEY", "")
IS_LIVE = bool(LIVE_URL and LIVE_KEY)

# A folder that takes every exchange, one file a namespace, for `python -m support.typesense_fake.recording`.
RECORDING_FOLDER = os.environ.get("TYPESENSE_RECORDING", "")

# Marks what no real server does on demand.
only_on_test_server = pytest.mark.skipif(IS_LIVE, reason="changes the test server itself")


class LiveStore:
    """A namespace on the real server; it is deleted when nothing refers to it any more."""

    def __init__(self) -> None:
        self._prefix = f"t{uuid4().hex[:8]}-"
        self._client = httpx.Client(base_url=LIVE_URL, timeout=120)
        self._lock = Lock()
        self._key_ids: set[int] = set()
        # Values that the program chooses, as the real server knows them.
        self._key_values: dict[str, str] = {}
        self._recording = Path(RECORDING_FOLDER) / f"{self._prefix}.jsonl" if RECORDING_FOLDER else None
        self.close = finalize(self, _delete_namespace, self._prefix, self._client, self._key_ids)

    def respond(self, request: Request, key: str) -> PreparedResponse:
        """Forward a request into the namespace and return the answer as of a server of its own."""
        with self._lock:
            headers = {"X-TYPESENSE-API-KEY": self._to_live_key(key)} if key else {}
            url = self._client.base_url.copy_with(raw_path=self._to_live_path(request).encode())
            response = self._client.request(request.method, url, content=self._to_live_body(request), headers=headers)
            body = self._from_live(request, response)
            if self._recording is not None:
                _append(self._recording, request, key, response.status_code, body)
        content_type = response.headers.get("Content-Type", "application/json")
        return PreparedResponse(body, content_type, status=response.status_code)

    def _to_live_key(self, key: str) -> str:
        return LIVE_KEY if key == ADMIN_KEY else self._key_values.get(key, key)

    def _to_live_path(self, request: Request) -> str:
        # The name of a preset is a parameter of searches, too.
        path = re.sub(r"([?&]preset=)", rf"\1{self._prefix}", request.path)
        return re.sub(r"^/(collections|aliases|presets)/(?=[^/?])", rf"/\1/{self._prefix}", path)

    def _to_live_body(self, request: Request) -> bytes:
        body = request.parse_body()
        if not isinstance(body, dict):
            return request.body
        match request.kind:
            case "create_collection" if isinstance(body.get("name"), str):
                body["name"] = self._prefix + body["name"]
            case "put_alias" if isinstance(body.get("collection_name"), str):
                body["collection_name"] = self._prefix + body["collection_name"]
            case "multi_search" if isinstance(body.get("searches"), list):
                for search in body["searches"]:
                    search |= {name: self._prefix + search[name] for name in ("collection", "preset") if name in search}
            case "create_key":
                if isinstance(body.get("collections"), list):
                    body["collections"] = [self._to_live_pattern(pattern) for pattern in body["collections"]]
                if body.get("value"):
                    body["value"] = self._key_values.setdefault(body["value"], f"{body['value']}{self._prefix}")
            case _:
                return request.body
        return json.dumps(body).encode()

    def _to_live_pattern(self, pattern: str) -> str:
        """Return the pattern of a key's collections with the prefix; `_from_live` takes exactly that away."""
        return pattern if pattern == "*" else f"{self._prefix}(?:{pattern})"

    def _from_live(self, request: Request, response: httpx.Response) -> bytes:
        body = response.content
        if response.status_code < 300:
            match request.kind:
                case "list_collections":
                    body = encode([item for item in response.json() if item["name"].startswith(self._prefix)])
                case "list_aliases":
                    aliases = response.json()["aliases"]
                    body = encode({"aliases": [alias for alias in aliases if alias["name"].startswith(self._prefix)]})
                case "list_keys":
                    keys = response.json()["keys"]
                    body = encode({"keys": [key for key in keys if key["id"] in self._key_ids]})
                case "create_key":
                    self._key_ids.add(response.json()["id"])
        text = re.sub(rf"{self._prefix}\(\?:((?:[^()\"]|\([^()]*\))*)\)", r"\1", body.decode())
        return text.replace(self._prefix, "").encode()

    # What tests read and write behind the program's back.

    def __deepcopy__(self, _: object) -> "LiveStore":
        copy = LiveStore()
        for name, collection in reversed(self.collections.items()):
            copy.create(collection.describe())
            lines = b"\n".join(map(encode, collection.documents.values()))
            copy.respond(parse_request("POST", f"/collections/{name}/documents/import", lines), ADMIN_KEY)
        for alias, name in self.aliases.items():
            copy.set_alias(alias, {"collection_name": name})
        return copy

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request as the administrator and return the JSON of the answer."""
        content = b"" if body is None else json.dumps(body).encode()
        answer = self.respond(parse_request(method, path, content), ADMIN_KEY)
        result = json.loads(answer.body)
        if answer.status >= 400:
            raise RequestRejected(answer.status, result["message"])
        return result

    @property
    def collections(self) -> Mapping[str, "LiveCollection"]:
        return {item["name"]: LiveCollection(self, item["name"]) for item in self.request("GET", "/collections")}

    @property
    def aliases(self) -> Mapping[str, str]:
        return {alias["name"]: alias["collection_name"] for alias in self.request("GET", "/aliases")["aliases"]}

    def create(self, given: Json) -> "LiveCollection":
        self.request("POST", "/collections", given)
        return LiveCollection(self, given["name"])

    def collection(self, name: str) -> "LiveCollection":
        return LiveCollection(self, self.request("GET", f"/collections/{quote(name, safe='')}")["name"])

    def drop(self, name: str) -> None:
        self.request("DELETE", f"/collections/{quote(name, safe='')}")

    def discard(self, name: str) -> None:
        """Drop a collection if it exists."""
        if name in self.collections:
            self.drop(name)

    def set_alias(self, alias: str, target: Json) -> None:
        self.request("PUT", f"/aliases/{quote(alias, safe='')}", target)

    def delete_alias(self, alias: str) -> None:
        self.request("DELETE", f"/aliases/{quote(alias, safe='')}")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        pytest.skip(f"looks at or changes `{name}` of the test server itself")


class LiveCollection:
    """A collection in a namespace; every attribute is read from the server."""

    def __init__(self, store: LiveStore, name: str) -> None:
        self._store = store
        self.name = name
        self._path = f"/collections/{quote(name, safe='')}"

    def describe(self) -> Json:
        described: Json = self._store.request("GET", self._path)
        return described

    @property
    def fields(self) -> tuple[Json, ...]:
        return tuple(self.describe()["fields"])

    @property
    def fields_by_name(self) -> dict[str, Json]:
        return {field["name"]: field for field in self.fields}

    @property
    def metadata(self) -> Json:
        metadata: Json = self.describe().get("metadata", {})
        return metadata

    @property
    def separators(self) -> tuple[str, ...]:
        return tuple(self.describe()["token_separators"])

    @property
    def documents(self) -> Mapping[str, Json]:
        """A copy of all documents, by id."""
        request = parse_request("GET", f"{self._path}/documents/export", b"")
        lines = self._store.respond(request, ADMIN_KEY).body.split(b"\n")
        return MappingProxyType({document["id"]: document for document in map(json.loads, filter(None, lines))})

    def alter(self, change: Json) -> Json:
        altered: Json = self._store.request("PATCH", self._path, change)
        return altered

    def write(self, document: Json, action: str, dirty: str) -> Json:
        query = f"?action={action}&dirty_values={dirty}"
        written: Json = self._store.request("POST", f"{self._path}/documents{query}", document)
        return written

    def delete(self, identifier: str) -> None:
        self._store.request("DELETE", f"{self._path}/documents/{quote(identifier, safe='')}")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        pytest.skip(f"looks at or changes `{name}` of a collection of the test server itself")


def _delete_namespace(prefix: str, client: httpx.Client, key_ids: set[int]) -> None:
    client.headers["X-TYPESENSE-API-KEY"] = LIVE_KEY
    with closing(client):
        for path in _list_paths(client, prefix):
            client.delete(path)
        for identifier in key_ids:
            client.delete(f"/keys/{identifier}")


def _list_paths(client: httpx.Client, prefix: str) -> Iterator[str]:
    aliases = client.get("/aliases").raise_for_status().json()["aliases"]
    collections = client.get("/collections", params={"exclude_fields": "fields"}).raise_for_status().json()
    presets = client.get("/presets").raise_for_status().json()["presets"]
    for kind, items in (("aliases", aliases), ("collections", collections), ("presets", presets)):
        yield from (f"/{kind}/{quote(item['name'], safe='')}" for item in items if item["name"].startswith(prefix))


def _append(file: Path, request: Request, key: str, status: int, body: bytes) -> None:
    exchange = Exchange(
        method=request.method,
        path=request.path.partition("?")[0],
        auth="admin" if key == ADMIN_KEY else key or "none",
        status=status,
        response_body=body.decode(),
        query=request.query,
        request_body=request.body.decode() if request.body else None,
    )
    with file.open("ab") as out:
        out.write(encode(exchange) + b"\n")
