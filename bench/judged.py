"""The judged queries, ours and those of others, those that are derived from names, and whether an answer passes."""

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pyf.aggregator.domain.project import normalized

# The share of each kind that has to pass, in percent, whether somebody says which framework is meant or nobody does.
GATES = {"exact": 100, "prefix": 100, "typo": 95, "topic": 92, "natural": 70}

_OWN = Path(__file__).with_name("own_queries.txt")


class Judged(NamedTuple):
    """A query, and the projects (normalised) that have to be among the first three and the first ten."""

    kind: str
    profile: str
    text: str
    top3: frozenset[str]
    top10: frozenset[str]

    def passes(self, names: Sequence[str]) -> bool:
        return self.top3 <= set(names[:3]) and self.top10 <= set(names[:10])


def projects(folder: Path) -> list[dict[str, Any]]:
    """Return the projects that the queries are about."""
    with gzip.open(folder / "projects.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


def queries(folder: Path, held: set[str]) -> Iterator[Judged]:
    """Yield the judged queries; a project that there is no document of is not asked for."""
    for line in (folder / "queries.jsonl").read_text().splitlines():
        each = json.loads(line)
        top3, top10 = (frozenset(map(normalized, each[key])) & held for key in ("must_top3", "must_top10"))
        yield Judged(each["kind"], each["profile"], each["query"], top3, top10)


def own_queries(held: set[str]) -> Iterator[Judged]:
    """Yield the queries that we judged ourselves, by what the packages are known for."""
    for line in _OWN.read_text().splitlines():
        if not line.startswith("#"):
            kind, profile, text, *expected = line.split("|")
            top3, top10 = (
                frozenset(normalized(each.strip()) for each in names.split(",")) & held for names in expected
            )
            yield Judged(f"{kind}, ours", profile, text, top3, top10)


def derived(held: set[str], *, seed: int) -> Iterator[Judged]:
    """Yield queries that nobody judged, made from the names themselves, to see that the method fits others as well."""
    chance = random.Random(seed)
    for name in sorted(held):
        parts = name.split("-")
        yield _derived("whole name", name, name.replace("-", chance.choice("-_. ")))
        if len(parts) > 1:
            yield _derived("joined name", name, "".join(parts))
        if len(name) > 8:
            yield _derived("name with a slip", name, _slipped(name, chance))


def _derived(kind: str, name: str, text: str) -> Judged:
    return Judged(kind, "", text, frozenset({name}), frozenset())


def _slipped(name: str, chance: random.Random) -> str:
    """Return a name with one letter of its longest part left out, doubled, or swapped with the next."""
    parts = name.split("-")
    longest = max(range(len(parts)), key=lambda number: len(parts[number]))
    word = parts[longest]
    at = chance.randrange(1, len(word) - 2)
    parts[longest] = chance.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        )
    )
    return "-".join(parts)
