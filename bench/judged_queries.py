"""Queries with expected results: external ones, our own, and derived from names."""

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pyf.aggregator.domain.documents.project import normalize_name

# Required share of satisfied queries by kind, in percent, if the framework is known. Without it, it may be this many
# points lower for kinds that are not names.
MIN_SHARES = {"exact": 100, "prefix": 100, "typo": 97, "topic": 92, "natural": 80}
VERBATIM_TOLERANCE = {"topic": 5, "natural": 5}

# The halves of the cross-validation, by profile.
HALVES = {"django": "django, fastapi", "fastapi": "django, fastapi", "plone": "plone, flask", "flask": "plone, flask"}

_EXTERNAL_SETS = {"first": "queries.jsonl", "second": "queries-2.jsonl"}
# Sets of our own. No weight is chosen by the last two, which have no gate; queries of the last one are never printed,
# so that they stay unknown to the author of a change.
UNSEEN, HELD_OUT = "unseen", "held out"
_OWN_SETS = {"own": "own_queries.txt", UNSEEN: "unseen_queries.txt", HELD_OUT: "held_out_queries.txt"}


class JudgedQuery(NamedTuple):
    """A query and its expected results, by normalized name.

    Attributes:
        source: The set of queries that it is from.
        top3: All of them must be among the first three.
        top10: All of them must be among the first ten.
        any_top3: One of them must be among the first three.
    """

    source: str
    kind: str
    profile: str
    text: str
    top3: frozenset[str]
    top10: frozenset[str] = frozenset()
    any_top3: frozenset[str] = frozenset()

    def is_satisfied(self, names: Sequence[str]) -> bool:
        """Return whether the first names of a result are as expected."""
        first = set(names[:3])
        return (
            self.top3 <= first and self.top10 <= set(names[:10]) and (not self.any_top3 or bool(self.any_top3 & first))
        )


def load_projects(folder: Path) -> list[dict[str, Any]]:
    """Return the documents of all projects that the queries refer to."""
    with gzip.open(folder / "projects.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


def load_queries(folder: Path, available: set[str]) -> Iterator[JudgedQuery]:
    """Yield the external queries and our own; projects without a document are not expected."""
    for source, name in _EXTERNAL_SETS.items():
        for line in (folder / name).read_text().splitlines():
            judged = json.loads(line)
            expected = [
                frozenset(map(normalize_name, judged.get(key, ()))) & available
                for key in ("must_top3", "must_top10", "any_top3")
            ]
            yield JudgedQuery(source, judged["kind"], judged["profile"], judged["query"], *expected)
    for source, name in _OWN_SETS.items():
        for line in Path(__file__).with_name(name).read_text().splitlines():
            if not line.startswith("#"):
                kind, profile, text, *expected_names = line.split("|")
                expected = [
                    frozenset(normalize_name(name.strip()) for name in names.split(",")) & available
                    for names in expected_names
                ]
                yield JudgedQuery(source, kind, profile, text, *expected)


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
    return JudgedQuery("derived", kind, "", text, frozenset({name}))


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
