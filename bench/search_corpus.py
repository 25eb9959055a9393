"""A generated collection of 100,000 projects, and 1,000 queries."""

import random
from collections.abc import Iterator
from itertools import chain, islice, repeat
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from bench import filler_projects
from pyf.aggregator.domain.collection import CollectionState
from pyf.aggregator.domain.documents.facets import HealthBand
from pyf.aggregator.domain.documents.project import normalize_name
from pyf.aggregator.domain.documents.schema import (
    DownloadFields,
    HealthFields,
    ProjectFields,
    RegistryFields,
    RepositoryFields,
)
from pyf.aggregator.domain.documents.version import to_sortable
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.domain.search import SearchQuery, Sort, select_values
from pyf.aggregator.ports import Dependencies, ProjectDocuments

COLLECTION = "searched"
PROJECT_COUNT = 100_000
QUERY_COUNT = 1_000

_BATCH_SIZE = 2_000
_DAY = 86_400
_EVERYTHING = Filter(everything=True)


class Batch(Struct, frozen=True):
    """Some generated packages: their documents, downloads, stars of every second one, and scores."""

    documents: list[RegistryFields]
    enrichments: tuple[dict[str, ProjectFields], ...]


def create_collection(deps: Dependencies, filter_: Filter = _EVERYTHING) -> None:
    """Create the collection, empty."""
    deps.admin.create(COLLECTION, CollectionState(filter=filter_))


def generate_batches(count: int, *, now: int, seed: int = 1) -> Iterator[Batch]:
    """Yield packages to write."""
    rng = random.Random(seed)
    projects = filler_projects.generate_projects(count, seed=seed)
    while batch := list(islice(projects, _BATCH_SIZE)):
        documents = [_build_fields(info, rng, now) for info in batch]
        names = [document.name_normalized for document in documents]
        enrichments: tuple[dict[str, ProjectFields], ...] = (
            {name: DownloadFields(download_last_month=int(rng.lognormvariate(6, 3))) for name in names},
            {name: RepositoryFields(repository_stars=int(rng.lognormvariate(2, 2))) for name in names[::2]},
            {name: HealthFields(health_score=rng.randint(5, 98), health_model="full") for name in names},
        )
        yield Batch(documents, enrichments)


def write_batch(deps: Dependencies, batch: Batch) -> None:
    """Write packages: first their documents, then the fields of each other owner."""
    deps.index.put(
        COLLECTION,
        [ProjectDocuments(name_normalized=fields.name_normalized, documents=(fields,)) for fields in batch.documents],
    )
    for fields in batch.enrichments:
        deps.index.update(COLLECTION, fields)


def generate_queries(*, seed: int = 1) -> Iterator[SearchQuery]:
    """Yield queries of all kinds: topics, sentences, names, prefixes, typos, filters, sort orders, later pages."""
    rng = random.Random(seed)
    names = [info["name"] for info in filler_projects.generate_projects(2_000, seed=1)]
    kinds = chain.from_iterable(
        repeat(
            (
                _build_topic_query,
                _build_topic_query,
                _build_sentence_query,
                _build_name_query,
                _build_prefix_query,
                _build_typo_query,
                _build_filtered_query,
                _build_sorted_query,
            )
        )
    )
    for kind, _ in zip(kinds, range(QUERY_COUNT), strict=False):
        yield kind(rng, names)


def _build_topic_query(rng: random.Random, _names: list[str]) -> SearchQuery:
    words = rng.sample([*filler_projects.FIELDS, *filler_projects.PARTS], rng.randint(1, 3))
    return SearchQuery(text=" ".join(words), page=rng.choice((1, 1, 1, 2, 5)))


def _build_sentence_query(rng: random.Random, _names: list[str]) -> SearchQuery:
    verb, adjective, field, part = (
        rng.choice(words)
        for words in (filler_projects.VERBS, filler_projects.ADJECTIVES, filler_projects.FIELDS, filler_projects.PARTS)
    )
    return SearchQuery(text=f"how to {verb} {field} data with a {adjective} {part}")


def _build_name_query(rng: random.Random, names: list[str]) -> SearchQuery:
    return SearchQuery(text=rng.choice(names))


def _build_prefix_query(rng: random.Random, names: list[str]) -> SearchQuery:
    name = rng.choice(names)
    return SearchQuery(text=name[: rng.randint(3, len(name))])


def _build_typo_query(rng: random.Random, names: list[str]) -> SearchQuery:
    name = rng.choice(names)
    position = rng.randrange(2, len(name) - 1)
    return SearchQuery(text=name[:position] + name[position + 1 :])


def _build_filtered_query(rng: random.Random, names: list[str]) -> SearchQuery:
    selected, days = rng.choice(
        (
            ({"framework": [f"Plone {rng.choice(('5.2', '6.0', '6.1'))}"]}, None),
            ({"framework": ["Django 5.2", "Django 6.0"], "python": ["Python 3.12"]}, None),
            ({"license": ["MIT"], "health": [HealthBand.EXCELLENT, HealthBand.GOOD]}, None),
            ({"classifier": ["Framework :: Flask"]}, 365),
        )
    )
    text = rng.choice(("", rng.choice(filler_projects.FIELDS), rng.choice(filler_projects.PARTS)))
    return SearchQuery(text=text, filters=select_values(selected), updated_within=days)


def _build_sorted_query(rng: random.Random, _names: list[str]) -> SearchQuery:
    return SearchQuery(text=rng.choice(("", rng.choice(filler_projects.PARTS))), sort=rng.choice(list(Sort)))


def _build_fields(info: dict[str, Any], rng: random.Random, now: int) -> RegistryFields:
    name, version = info["name"], info["version"]
    first, *sections = info["description"].split("\n## ")
    frameworks = [
        classifier.split(" :: ")[1:] for classifier in info["classifiers"] if classifier.startswith("Framework")
    ]
    return RegistryFields(
        id=f"{name}-{version}",
        identifier=f"{name}-{version}",
        name=name,
        name_sortable=name,
        name_normalized=normalize_name(name),
        version=version,
        version_raw=version,
        version_major=1,
        version_minor=0,
        version_bugfix=0,
        version_postfix="",
        version_sortable=to_sortable(version),
        is_newest=True,
        author="",
        author_email="",
        maintainer="",
        maintainer_email="",
        summary=info["summary"],
        description=info["description"],
        description_content_type=info["description_content_type"],
        title=name,
        first_chapter=f"{info['summary']} {first}",
        main_content=" ".join(sections[:-1]),
        changelog=sections[-1],
        license="",
        license_expression=info["license_expression"] or "",
        classifiers=tuple(info["classifiers"]),
        keywords=tuple(info["keywords"].split(",")),
        framework_versions=tuple(" ".join(parts) for parts in frameworks if len(parts) == 2),
        python_versions=tuple(
            f"Python {classifier.rpartition(' ')[2]}"
            for classifier in info["classifiers"]
            if "Python :: 3." in classifier
        ),
        requires_dist=tuple(info["requires_dist"]),
        requires_python=info["requires_python"],
        home_page="",
        docs_url="",
        bugtrack_url="",
        package_url="",
        project_url="",
        release_url="",
        platform="",
        project_urls={},
        urls=(),
        upload_timestamp=now - int(rng.expovariate(1 / 700) * _DAY),
        yanked=False,
        yanked_reason="",
        project_status="active",
        maintainers=(f"{rng.choice(filler_projects.FIELDS)}{rng.randint(1, 60)}",),
        vulnerabilities=(),
        status_checked=now,
        last_serial=1,
        composed_with=1,
    )


def change_summary(deps: Dependencies) -> str:
    """Add a unique word to a project's summary; return the word."""
    (document,) = deps.index.get_project_documents(
        COLLECTION, next(deps.index.iter_project_states(COLLECTION)).name_normalized
    )
    fields = replace(document.registry, summary="Now with quokkas")
    deps.index.put(COLLECTION, [ProjectDocuments(name_normalized=fields.name_normalized, documents=(fields,))])
    return "quokkas"


def check_found(deps: Dependencies, word: str) -> None:
    """Fail unless a search for the word finds one package."""
    results = deps.search.search(COLLECTION, SearchQuery(text=word))
    assert results.total == 1, results
