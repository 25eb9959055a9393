"""`search`: everything or what holds the words, filtered, sorted, counted and grouped."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from typesense_double.errors import RequestRejected
from typesense_double.schema import NUMBERS, Json
from typesense_double.store import Collection
from typesense_double.text import sort_key, tokenize
from typesense_double.words import Match, highlighted, matches

_MOST = 250


def search(collection: Collection, asked_for: str, given: Mapping[str, Any]) -> Json:
    """Answer one search; how well several words match is ours, all else is as recorded."""
    query = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}
    q = query.get("q", "")
    page, per_page = _unsigned(query, "page", 1) or 1, _unsigned(query, "per_page", 10)
    if "per_page" not in query:  # one parameter with two names
        per_page = _unsigned(query, "limit", per_page)
    offset = _unsigned(query, "offset", 0)
    if per_page > _MOST:
        raise RequestRejected(422, f"Only upto {_MOST} hits can be fetched per page.")
    scores = _matches(collection, query, _list(query, "query_by"))
    documents = collection.find(query.get("filter_by", ""))
    found = [document for document in documents if scores is None or document["id"] in scores]
    ordered = _sorted(collection, found, query.get("sort_by", ""), scores or {})
    answer: Json = {"out_of": len(collection.documents)}
    answer["request_params"] = {"collection_name": collection.name, "first_q": q, "per_page": per_page, "q": q}
    answer |= {"search_cutoff": False, "search_time_ms": 0}
    answer |= {"offset": offset} if offset else {"page": page}
    start = offset or (page - 1) * per_page
    hits = [_hit(document, query, scores) for document in ordered]
    group_by = _list(query, "group_by")
    if not group_by:
        answer |= {"found": len(found), "hits": hits[start : start + per_page]}
        answer["facet_counts"] = _facets(collection, query, [[document] for document in found])
        return answer
    groups = _groups(collection, ordered, group_by)
    limit = _unsigned(query, "group_limit", 3)
    if not 1 <= limit <= 99:
        raise RequestRejected(400, "Value of `group_limit` must be between 1 and 99.")
    grouped = [
        {"found": len(each), "group_key": list(key), "hits": [_hit(d, query, scores) for d in each[:limit]]}
        for key, each in groups.items()
    ]
    answer |= {"found": len(groups), "found_docs": len(found), "grouped_hits": grouped[start : start + per_page]}
    answer["facet_counts"] = _facets(collection, query, list(groups.values()))
    return answer


def select_fields(document: Json, query: Mapping[str, Any]) -> Json:
    """Return a document with the fields that are asked for."""
    include, exclude = _list(query, "include_fields"), _list(query, "exclude_fields")
    return {name: value for name, value in document.items() if (not include or name in include) and name not in exclude}


def _list(query: Mapping[str, Any], name: str) -> list[str]:
    return [each.strip() for each in str(query.get(name, "")).split(",") if each.strip()]


def _unsigned(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdigit():
        raise RequestRejected(400, f"Parameter `{name}` must be an unsigned integer.")
    return int(text)


def _matches(collection: Collection, query: Mapping[str, str], query_by: list[str]) -> dict[str, Match] | None:
    """Return how well each matching document matches, None where everything does."""
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
    return matches(collection, query, query_by)


def _sorted(collection: Collection, documents: list[Json], sort_by: str, scores: Mapping[str, Match]) -> list[Json]:
    default = f"_text_match:desc,{collection.default_sorting_field}:desc".removesuffix(",:desc")
    ordered = sorted(documents, key=lambda document: collection.order[document["id"]], reverse=True)
    for clause in reversed((sort_by or default).split(",")):
        name, _, direction = clause.strip().partition(":")
        if direction.lower() not in ("asc", "desc"):
            raise RequestRejected(400, f"Order for field` {name}` should be either ASC or DESC.")
        is_descending = direction.lower() == "desc"
        if name == "_text_match":
            ordered.sort(key=lambda document: scores[document["id"]].score if scores else 0, reverse=is_descending)
            continue
        field = collection.fields_by_name.get(name)
        if field is None or not field["sort"]:
            raise RequestRejected(404, f"Could not find a field named `{name}` in the schema for sorting.")
        have = [document for document in ordered if name in document]
        have.sort(key=lambda document, name=name: _key(document[name]), reverse=is_descending)  # type: ignore[misc]
        ordered = have + [document for document in ordered if name not in document]
    return ordered


def _key(value: Any) -> Any:
    return sort_key(value) if isinstance(value, str) else value


def _hit(document: Json, query: Mapping[str, str], scores: Mapping[str, Match] | None) -> Json:
    shown = select_fields(document, query)
    if scores is None:
        return {"document": shown, "highlight": {}, "highlights": []}
    marked, match = highlighted(document, query, _list(query, "query_by"), shown), scores[document["id"]]
    return {
        "document": shown,
        "highlight": marked,
        "highlights": [{"field": name, **each} for name, each in marked.items()],
        "text_match": match.score,
        "text_match_info": match.info,
    }


def _groups(collection: Collection, documents: list[Json], names: list[str]) -> dict[tuple[str, ...], list[Json]]:
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


def _facets(collection: Collection, query: Mapping[str, str], groups: list[list[Json]]) -> list[Json]:
    most = _unsigned(query, "max_facet_values", 10)
    return [_facet(collection, query, name, groups, most) for name in _list(query, "facet_by")]


def _facet(collection: Collection, query: Mapping[str, str], name: str, groups: list[list[Json]], most: int) -> Json:
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
            listed = value if isinstance(value, list) else [value]
            if field["type"].startswith("string") and not any(tokenize(each, collection.separators) for each in listed):
                continue  # a text without words is not indexed at all
            numbers += [each for each in listed if field["type"] in NUMBERS]
            values.update(str(each).lower() if isinstance(each, bool) else str(each) for each in listed)
        counts.update(values)
    ordered = sorted(sorted(counts.items(), reverse=True), key=lambda count: (-count[1], len(count[0].encode())))
    shown = ordered[:most]
    # Without a filter the server looks no further than it has to.
    is_everything = query.get("q") == "*" and not query.get("filter_by")
    stats: Json = {"total_values": len(shown if is_everything else ordered)}
    if numbers:
        stats |= {"avg": sum(numbers) / len(numbers), "max": float(max(numbers)), "min": float(min(numbers))}
        stats["sum"] = float(sum(numbers))
    listed = [{"count": count, "highlighted": value, "value": value} for value, count in shown]
    return {"counts": listed, "field_name": name, "sampled": False, "stats": stats}
