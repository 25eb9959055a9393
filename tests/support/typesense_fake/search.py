"""`search`: everything or what holds the words, filtered, sorted, counted and grouped."""

import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from support.typesense_fake.errors import RequestRejected
from support.typesense_fake.schema import NUMBERS, Json
from support.typesense_fake.store import Collection
from support.typesense_fake.text import sort_key, tokenize
from support.typesense_fake.words import Match, find_matches, highlight

_BUCKETS = re.compile(r"\s*_text_match\(buckets:\s*(\d+)\)")

# Limits of one search.
MAX_HITS = 250
MAX_SORT_FIELDS = 3
# Bytes of a value that is counted; the rest is cut.
MAX_FACET_VALUE = 255


def search(collection: Collection, given: Mapping[str, Any]) -> Json:
    """Answer one search."""
    query = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}
    q = query.get("q", "")
    page, per_page = _parse_unsigned(query, "page", 1) or 1, _parse_unsigned(query, "per_page", 10)
    if "per_page" not in query:  # one parameter with two names
        per_page = _parse_unsigned(query, "limit", per_page)
    offset = _parse_unsigned(query, "offset", 0)
    if per_page > MAX_HITS:
        raise RequestRejected(422, f"Only upto {MAX_HITS} hits can be fetched per page.")
    scores = _match(collection, query, _parse_list(query, "query_by"))
    documents = collection.find(query.get("filter_by", ""))
    found = [document for document in documents if scores is None or document["id"] in scores]
    ordered = _sort(collection, found, query.get("sort_by", ""), scores or {})
    answer: Json = {"out_of": len(collection.documents)}
    answer["request_params"] = {"collection_name": collection.name, "first_q": q, "per_page": per_page, "q": q}
    answer |= {"search_cutoff": False, "search_time_ms": 0}
    answer |= {"offset": offset} if offset else {"page": page}
    start = offset or (page - 1) * per_page
    hits = [_build_hit(document, query, scores) for document in ordered]
    group_by = _parse_list(query, "group_by")
    if not group_by:
        answer |= {"found": len(found), "hits": hits[start : start + per_page]}
        answer["facet_counts"] = _count_facets(collection, query, [[document] for document in found])
        return answer
    groups = _group(collection, ordered, group_by)
    limit = _parse_unsigned(query, "group_limit", 3)
    if not 1 <= limit <= 99:
        raise RequestRejected(400, "Value of `group_limit` must be between 1 and 99.")
    grouped = [
        {
            "found": len(group),
            "group_key": list(key),
            "hits": [_build_hit(document, query, scores) for document in group[:limit]],
        }
        for key, group in groups.items()
    ]
    answer |= {"found": len(groups), "found_docs": len(found), "grouped_hits": grouped[start : start + per_page]}
    answer["facet_counts"] = _count_facets(collection, query, list(groups.values()))
    return answer


def select_fields(document: Json, query: Mapping[str, Any]) -> Json:
    """Return a document with the fields that a query selects."""
    include, exclude = _parse_list(query, "include_fields"), _parse_list(query, "exclude_fields")
    return {name: value for name, value in document.items() if (not include or name in include) and name not in exclude}


def _parse_list(query: Mapping[str, Any], name: str) -> list[str]:
    return [name.strip() for name in str(query.get(name, "")).split(",") if name.strip()]


def _parse_unsigned(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdigit():
        raise RequestRejected(400, f"Parameter `{name}` must be an unsigned integer.")
    return int(text)


def _match(collection: Collection, query: Mapping[str, str], query_by: list[str]) -> dict[str, Match] | None:
    """Return how well the documents match, None if the query is for everything."""
    q = query.get("q", "")
    for name in query_by:
        field = collection.fields_by_name.get(name)
        if field is None:
            raise RequestRejected(404, f"Could not find a field named `{name}` in the schema.")
        if not field["index"]:
            raise RequestRejected(400, f"Field `{name}` is marked as a non-indexed field in the schema.")
        if field["type"] not in ("string", "string[]"):
            raise RequestRejected(400, f"Field `{name}` should be a string or a string array.")
    if q == "*" or (not q and not query_by):
        return None
    if not query_by:
        raise RequestRejected(400, "No search fields specified for the query.")
    return find_matches(collection, query, query_by)


def _sort(collection: Collection, documents: list[Json], sort_by: str, scores: Mapping[str, Match]) -> list[Json]:
    default = f"_text_match:desc,{collection.default_sorting_field}:desc".removesuffix(",:desc")
    clauses = (sort_by or default).split(",")
    if len(clauses) > MAX_SORT_FIELDS:
        raise RequestRejected(400, f"Only upto {MAX_SORT_FIELDS} sort fields are allowed.")
    ordered = sorted(documents, key=lambda document: collection.order[document["id"]], reverse=True)
    for clause in reversed(clauses):
        ordered = _sort_by(collection, ordered, clause, scores)
    buckets = _BUCKETS.match(clauses[0])
    if buckets is None or len(ordered) < int(buckets[1]):
        return ordered
    # Only the first hits are put into buckets, in which the further clauses alone count.
    first, rest = ordered[:MAX_HITS], ordered[MAX_HITS:]
    for clause in reversed(clauses[1:]):
        size = math.ceil(len(first) / int(buckets[1]))
        blocks = [first[start : start + size] for start in range(0, len(first), size)]
        first = [document for block in blocks for document in _sort_by(collection, block, clause, scores)]
    return first + rest


def _sort_by(collection: Collection, documents: list[Json], clause: str, scores: Mapping[str, Match]) -> list[Json]:
    name, _, direction = clause.strip().rpartition(":")
    if direction.lower() not in ("asc", "desc"):
        raise RequestRejected(400, f"Order for field` {name}` should be either ASC or DESC.")
    is_descending = direction.lower() == "desc"
    if name.startswith("_text_match"):
        return sorted(
            documents, key=lambda document: scores[document["id"]].score if scores else 0, reverse=is_descending
        )
    field = collection.fields_by_name.get(name)
    if field is None or not field["sort"]:
        raise RequestRejected(404, f"Could not find a field named `{name}` in the schema for sorting.")
    with_value = [document for document in documents if name in document]
    with_value.sort(key=lambda document: _sort_value(document[name]), reverse=is_descending)
    return with_value + [document for document in documents if name not in document]


def _sort_value(value: Any) -> Any:
    return sort_key(value) if isinstance(value, str) else value


def _build_hit(document: Json, query: Mapping[str, str], scores: Mapping[str, Match] | None) -> Json:
    selected = select_fields(document, query)
    if scores is None:
        return {"document": selected, "highlight": {}, "highlights": []}
    highlights, match = highlight(document, query, _parse_list(query, "query_by"), selected), scores[document["id"]]
    return {
        "document": selected,
        "highlight": highlights,
        "highlights": [{"field": name, **marked} for name, marked in highlights.items()],
        "text_match": match.score,
        "text_match_info": match.info,
    }


def _group(collection: Collection, documents: list[Json], names: list[str]) -> dict[tuple[str, ...], list[Json]]:
    for name in names:
        field = collection.fields_by_name.get(name)
        if field is None:
            raise RequestRejected(404, f"Could not find a field named `{name}` in the schema.")
        if not field["facet"]:
            raise RequestRejected(400, f"Group by field `{name}` should be a facet field.")
    groups: dict[tuple[str, ...], list[Json]] = {}
    for document in documents:
        groups.setdefault(tuple(document[name] for name in names if name in document), []).append(document)
    return groups


def _count_facets(collection: Collection, query: Mapping[str, str], groups: list[list[Json]]) -> list[Json]:
    most = _parse_unsigned(query, "max_facet_values", 10)
    return [_count_facet(collection, query, name, groups, most) for name in _parse_list(query, "facet_by")]


def _to_facet_value(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text.encode()[:MAX_FACET_VALUE].decode(errors="replace")


def _count_facet(
    collection: Collection, query: Mapping[str, str], name: str, groups: list[list[Json]], most: int
) -> Json:
    """Count the values of a field, each once a group: the most frequent first, then the shortest, then by bytes."""
    field = collection.fields_by_name.get(name)
    if field is None or not field["facet"]:
        raise RequestRejected(404, f"Could not find a facet field named `{name}` in the schema.")
    counts: Counter[str] = Counter()
    numbers: list[float] = []
    for group in groups:
        values = set()
        for document in group:
            value = document.get(name, [])
            items = value if isinstance(value, list) else [value]
            if field["type"].startswith("string") and not any(tokenize(text, collection.separators) for text in items):
                continue  # a text without words is not indexed at all
            numbers += [number for number in items if field["type"] in NUMBERS]
            values.update(_to_facet_value(value) for value in items)
        counts.update(values)
    ordered = sorted(sorted(counts.items(), reverse=True), key=lambda count: (-count[1], len(count[0].encode())))
    kept = ordered[:most]
    # Without a filter the server looks no further than it has to.
    is_everything = query.get("q") == "*" and not query.get("filter_by")
    stats: Json = {"total_values": len(kept if is_everything else ordered)}
    if numbers:
        stats |= {"avg": sum(numbers) / len(numbers), "max": float(max(numbers)), "min": float(min(numbers))}
        stats["sum"] = float(sum(numbers))
    counted = [{"count": count, "highlighted": value, "value": value} for value, count in kept]
    return {"counts": counted, "field_name": name, "sampled": False, "stats": stats}
