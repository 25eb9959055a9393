"""Queries with expected results: external, our own, and derived from names."""

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pyf.aggregator.domain.documents.project import normalize_name

# Required share of satisfied queries by kind, in percent, with and without a known framework.
MIN_SHARES = {"exact": 100, "prefix": 100, "typo": 95, "topic": 92, "natural": 70}

_OWN_QUERIES = Path(__file__).with_name("own_queries.txt")


class JudgedQuery(NamedTuple):
    """A query, and the projects that must be among the first three and the first ten, by normalized name."""

    kind: str
    profile: str
    text: str
    top3: frozenset[str]
    top10: frozenset[str]

    def is_satisfied(self, names: Sequence[str]) -> bool:
        return self.top3 <= set(names[:3]) and self.top10 <= set(names[:10])


def load_projects(folder: Path) -> list[dict[str, Any]]:
    """Return the documents of all projects that the queries refer to."""
    with gzip.open(folder / "projects.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


def load_queries(folder: Path, available: set[str]) -> Iterator[JudgedQuery]:
    """Yield the external queries; projects without a document are not expected."""
    for line in (folder / "queries.jsonl").read_text().splitlines():
        judged = json.loads(line)
        top3, top10 = (frozenset(map(normalize_name, judged[key])) & available for key in ("must_top3", "must_top10"))
        yield JudgedQuery(judged["kind"], judged["profile"], judged["query"], top3, top10)


def load_own_queries(available: set[str]) -> Iterator[JudgedQuery]:
    """Yield our own queries, about what packages are known for."""
    for line in _OWN_QUERIES.read_text().splitlines():
        if not line.startswith("#"):
            kind, profile, text, *expected = line.split("|")
            top3, top10 = (
                frozenset(normalize_name(name.strip()) for name in names.split(",")) & available for names in expected
            )
            yield JudgedQuery(f"{kind}, ours", profile, text, top3, top10)


def derive_queries(available: set[str], *, seed: int) -> Iterator[JudgedQuery]:
    """Yield queries derived from names, which show that the ranking is not fitted to the judged ones."""
    rng = random.Random(seed)
    for name in sorted(available):
        parts = name.split("-")
        yield _build_query("full name", name, name.replace("-", rng.choice("-_. ")))
        if len(parts) > 1:
            yield _build_query("joined name", name, "".join(parts))
        if len(name) > 8:
            yield _build_query("name with a typo", name, _misspell(name, rng))


def _build_query(kind: str, name: str, text: str) -> JudgedQuery:
    return JudgedQuery(kind, "", text, frozenset({name}), frozenset())


def _misspell(name: str, rng: random.Random) -> str:
    """Return a name with one letter of its longest part dropped, doubled or swapped with the next."""
    parts = name.split("-")
    longest = max(range(len(parts)), key=lambda number: len(parts[number]))
    word = parts[longest]
    position = rng.randrange(1, len(word) - 2)
    parts[longest] = rng.choice(
        (
            word[:position] + word[position + 1 :],
            word[:position] + word[position] + word[position:],
            word[:position] + word[position + 1] + word[position] + word[position + 2 :],
        )
    )
    return "-".join(parts)
