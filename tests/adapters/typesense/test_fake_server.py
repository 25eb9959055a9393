"""The fake server responds as a real one did, in every recording."""

import gzip
from pathlib import Path

import httpx
import pytest
from msgspec.json import Decoder

from support.typesense_fake import ADMIN_KEY, LocalTypesense, Store
from support.typesense_fake.forms import list_forms
from support.typesense_fake.live import only_on_test_server
from support.typesense_fake.recording import read_recording
from support.typesense_fake.replay import Exchange, Send, find_differences
from support.typesense_fake.requests import Request, build_request, parse_request
from support.typesense_fake.server import respond
from support.typesense_fake.service import UncoveredRequest

# The exchanges of `exchanges.jsonl` that the fake server does not support, by name, with the reason.
_NO_SYNONYMS = "the program creates no synonyms, overrides or stop words"
_NO_DETECTION = "the program declares every field; the server detects these fields"
UNSUPPORTED = {
    "search: phrase": "no recorded rule explains the score of a phrase",
    "search: facets": "of values with equal counts, the order of a hash table decides which are cut",
    "search: facet_query": "the program searches no facet values",
    "search: scoped key (embedded filter_by author:=`Plone Foundation`)": "the program derives no keys from keys",
    "cors: preflight": "no browser uses the test server",
    "synonym: upsert": _NO_SYNONYMS,
    "synonyms: list": _NO_SYNONYMS,
    "search: through a synonym": _NO_SYNONYMS,
    "synonym: delete": _NO_SYNONYMS,
    "synonym: retrieve missing": _NO_SYNONYMS,
    "override: upsert": _NO_SYNONYMS,
    "search: curated": _NO_SYNONYMS,
    "override: delete": _NO_SYNONYMS,
    "stopwords: upsert": _NO_SYNONYMS,
    "stopwords: list": _NO_SYNONYMS,
    "stopwords: delete": _NO_SYNONYMS,
    "preset: upsert": "the program stores no presets",
    "search: with a preset": "the program stores no presets",
    "preset: delete": "the program stores no presets",
    "collection: create with auto schema and nested fields": _NO_DETECTION,
    "import: auto schema, nested objects": _NO_DETECTION,
    "collection: retrieve with detected fields": _NO_DETECTION,
    "search: nested field": _NO_DETECTION,
    "documents: update by filter": _NO_DETECTION,
    "documents: truncate": _NO_DETECTION,
    "collection: delete": _NO_DETECTION,
}
_DECODER = Decoder(Exchange)


def send_to(store: Store) -> Send:
    """Return a function that sends requests to a store without a connection."""

    def send(method: str, path: str, query: dict[str, str], key: str, body: bytes) -> tuple[int, bytes]:
        response = respond(store, build_request(method, path, query, body), key)
        return response.status, response.body

    return send


@pytest.fixture(scope="module")
def named_exchanges(shared_data: Path) -> list[Exchange]:
    lines = (shared_data / "typesense" / "exchanges.jsonl").read_bytes().split(b"\n")
    return [_DECODER.decode(line) for line in lines if line]


def test_named_exchanges_give_the_recorded_responses(named_exchanges: list[Exchange]) -> None:
    exchanges = [exchange for exchange in named_exchanges if exchange.name not in UNSUPPORTED]

    assert not find_differences(exchanges, send_to(Store()), ADMIN_KEY)


def test_unsupported_exchanges_are_recorded(named_exchanges: list[Exchange]) -> None:
    assert UNSUPPORTED.keys() <= {exchange.name for exchange in named_exchanges}


def test_replay_gives_the_recorded_responses(shared_data: Path) -> None:
    with gzip.open(shared_data / "typesense" / "live.jsonl.gz") as lines:
        exchanges = [_DECODER.decode(line) for line in lines]

    assert len(exchanges) > 10_000
    assert not find_differences(exchanges, send_to(Store()), ADMIN_KEY)


def test_own_recording_gives_the_recorded_responses() -> None:
    """This recording of our own tests on a real server needs no reference data."""
    differences = [find_differences(session, send_to(Store()), ADMIN_KEY) for session in read_recording()]

    assert len(differences) > 20
    assert not [difference for found in differences for difference in found]


@only_on_test_server
def test_uncovered_request_form_fails_its_test() -> None:
    with (
        pytest.raises(UncoveredRequest, match=r"filter_by stars:>=, list_collections|GET list_collections \?filter_by"),
        LocalTypesense() as local,
    ):
        answer = httpx.get(f"{local.url}/collections?filter_by=stars:>=1")

    assert answer.status_code == 501


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            "GET /collections/a/documents/export?filter_by=id:=[1,2]",
            "GET /collections/b/documents/export?filter_by=id:=[3]",
        ),
        ("GET /collections/a/documents/b%2F1", "GET /collections/c/documents/d"),
    ],
)
def test_form_contains_no_names_and_values(first: str, second: str) -> None:
    assert list_forms(parse(first)) == list_forms(parse(second))


@pytest.mark.parametrize(
    "changed",
    [
        "DELETE /collections/a/documents/export?filter_by=id:=[1]",
        "GET /collections/a/documents/export?filter_by=id:=[1]&include_fields=id",
        "GET /collections/a/documents/export?filter_by=name:=[1]",
        "GET /collections/a/documents/export?filter_by=id:!=[1]",
        "GET /collections/a/documents/export?filter_by=id:=1",
        "GET /collections/a/documents/export?filter_by=id:=[1]||id:=[2]",
    ],
)
def test_form_contains_what_changes_the_response(changed: str) -> None:
    recorded = list_forms(parse("GET /collections/a/documents/export?filter_by=id:=[1]"))

    assert list_forms(parse(changed)) - recorded


def parse(text: str) -> Request:
    method, path = text.split(" ", 1)
    return parse_request(method, path, b"")
