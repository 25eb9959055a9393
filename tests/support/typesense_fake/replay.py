"""Recorded exchanges with a real server, sent once more to compare the answers."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

Json = dict[str, Any]

# What differs from one server and moment to the next.
VARYING = frozenset(
    {"created_at", "search_time_ms", "value_prefix", "value", "committed_index", "queued_writes", "expires_at"}
)


_TIME = re.compile(r'"(?:created_at|search_time_ms)":\d+')


class Exchange(Struct, frozen=True, omit_defaults=True):
    """One request and its answer.

    Attributes:
        auth: "admin", "none", "bad", or a key that an earlier exchange has made
        query: the parameters, by name
    """

    method: str
    path: str
    auth: str
    status: int
    response_body: str
    query: dict[str, str] = {}
    request_body: str | None = None
    n: int = 0
    name: str = ""


# Sends a request with a key ("" for none) and returns status and body.
Send = Callable[[str, str, dict[str, str], str, bytes], tuple[int, bytes]]


def find_differences(exchanges: Iterable[Exchange], send: Send, admin_key: str) -> list[Json]:
    """Send the requests of recorded exchanges in their order and return those that are answered otherwise.

    Keys that an answer makes get the values and ids of their own server, so later requests name those.
    """
    keys, ids = {"admin": admin_key, "none": "", "bad": "bad"}, dict[str, str]()
    differences = []
    for exchange in exchanges:
        status, body = send(
            exchange.method,
            _rename_key(exchange.path, ids),
            exchange.query,
            keys.get(exchange.auth, exchange.auth),
            (exchange.request_body or "").encode(),
        )
        if exchange.path == "/keys" and exchange.status == status == 201:
            recorded, created = json.loads(exchange.response_body), json.loads(body)
            # The named recording calls keys by the last word of the exchange that has made them.
            keys[recorded["value"]] = keys[exchange.name.rpartition(" ")[2]] = created["value"]
            ids[str(recorded["id"])] = str(created["id"])
        if status == exchange.status and _cut_times(body.decode()) == _cut_times(exchange.response_body):
            continue  # most are equal, and parsing them takes most of the time
        is_of_keys = exchange.path.startswith("/keys")
        recorded_answer = to_comparable(exchange.response_body, is_of_keys=is_of_keys)
        answer = to_comparable(body.decode(), is_of_keys=is_of_keys)
        if (status, answer) != (exchange.status, recorded_answer):
            differences.append(
                {
                    "n": exchange.n,
                    "request": f"{exchange.method} {exchange.path} {exchange.query} {exchange.request_body}"[:1500],
                    "recorded": f"{exchange.status} {_shorten(recorded_answer, answer)}",
                    "answered": f"{status} {_shorten(answer, recorded_answer)}",
                }
            )
    return differences


def _cut_times(body: str) -> str:
    return _TIME.sub("", body)


def to_comparable(body: str, *, is_of_keys: bool = False) -> list[str]:
    """Return the lines of a body with sorted names, without varying values."""
    return [json.dumps(_without_varying(_parse_line(line), is_of_keys)) for line in body.split("\n") if line]


def _parse_line(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return line


def _without_varying(value: Any, is_of_keys: bool) -> Any:
    if isinstance(value, list):
        return [_without_varying(item, is_of_keys) for item in value]
    if not isinstance(value, dict):
        return value
    varying = VARYING | {"id"} if is_of_keys else VARYING - {"value"}
    kept = {name: _without_varying(item, is_of_keys) for name, item in value.items() if name not in varying}
    if str(kept.get("error", "")).startswith("Bad JSON"):
        kept["error"] = "Bad JSON"  # what follows are words of the server's JSON parser
    if isinstance(kept.get("aliases"), list):
        kept["aliases"].sort(key=json.dumps)  # the order of a hash table
    return kept


def _rename_key(path: str, ids: dict[str, str]) -> str:
    start, _, identifier = path.rpartition("/")
    return f"{start}/{ids.get(identifier, identifier)}" if start == "/keys" else path


def _shorten(lines: list[str], others: list[str]) -> str:
    """Return the first line that differs, from shortly before the difference on."""
    for line, other in zip(lines, [*others, *[""] * len(lines)], strict=False):
        if line != other:
            start = next((place for place, (a, b) in enumerate(zip(line, other, strict=False)) if a != b), 0)
            return line[max(start - 200, 0) : start + 400]
    return f"{len(lines)} lines"
