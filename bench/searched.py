"""A collection of 100,000 projects that nobody wrote, filled in without a service, and 1,000 questions to ask it."""

import random
from collections.abc import Iterator
from itertools import chain, islice, repeat
from typing import Any

from msgspec.structs import replace

from bench import noise
from pyf.aggregator.domain.collection import CollectionState
from pyf.aggregator.domain.profile import Filter
from pyf.aggregator.domain.project import normalized
from pyf.aggregator.domain.schema import DownloadFields, HealthFields, RegistryFields, RepositoryFields
from pyf.aggregator.domain.search import HealthBand, Question, Sort
from pyf.aggregator.domain.version import sortable
from pyf.aggregator.ports import ProjectDocuments, Services

COLLECTION = "searched"
PROJECTS = 100_000
QUESTIONS = 1_000

_AT_ONCE = 2_000
_DAY = 86_400


def fill(services: Services, count: int, *, now: int, seed: int = 1) -> None:
    """Make the collection and write so many projects with their downloads, stars and scores."""
    chance = random.Random(seed)
    services.admin.create(COLLECTION, CollectionState(filter=Filter(everything=True)))
    projects = noise.projects(count, seed=seed)
    while some := list(islice(projects, _AT_ONCE)):
        documents = [_fields(info, chance, now) for info in some]
        names = [each.name_normalized for each in documents]
        services.index.put(
            COLLECTION,
            [ProjectDocuments(name_normalized=each.name_normalized, documents=(each,)) for each in documents],
        )
        services.index.update(
            COLLECTION, {name: DownloadFields(download_last_month=int(chance.lognormvariate(6, 3))) for name in names}
        )
        services.index.update(
            COLLECTION,
            {name: RepositoryFields(github_stars=int(chance.lognormvariate(2, 2))) for name in names[::2]},
        )
        services.index.update(
            COLLECTION, {name: HealthFields(health_score=chance.randint(5, 98), health_model="full") for name in names}
        )


def questions(*, seed: int = 1) -> Iterator[Question]:
    """Yield questions of all sorts: topics, sentences, names, beginnings, slips, filters, orders, later pages."""
    chance = random.Random(seed)
    names = [info["name"] for info in noise.projects(2_000, seed=1)]
    kinds = chain.from_iterable(repeat((_topic, _topic, _sentence, _name, _beginning, _slip, _filtered, _sorted)))
    for kind, _ in zip(kinds, range(QUESTIONS), strict=False):
        yield kind(chance, names)


def _topic(chance: random.Random, _names: list[str]) -> Question:
    several = chance.sample([*noise.FIELDS, *noise.PARTS], chance.randint(1, 3))
    return Question(text=" ".join(several), page=chance.choice((1, 1, 1, 2, 5)))


def _sentence(chance: random.Random, _names: list[str]) -> Question:
    verb, adjective, field, part = (
        chance.choice(each) for each in (noise.VERBS, noise.ADJECTIVES, noise.FIELDS, noise.PARTS)
    )
    return Question(text=f"how to {verb} {field} data with a {adjective} {part}")


def _name(chance: random.Random, names: list[str]) -> Question:
    return Question(text=chance.choice(names))


def _beginning(chance: random.Random, names: list[str]) -> Question:
    name = chance.choice(names)
    return Question(text=name[: chance.randint(3, len(name))])


def _slip(chance: random.Random, names: list[str]) -> Question:
    name = chance.choice(names)
    at = chance.randrange(2, len(name) - 1)
    return Question(text=name[:at] + name[at + 1 :])


def _filtered(chance: random.Random, names: list[str]) -> Question:
    chosen: dict[str, Any] = chance.choice(
        (
            {"framework_versions": (f"Plone {chance.choice(('5.2', '6.0', '6.1'))}",)},
            {"framework_versions": ("Django 5.2", "Django 6.0"), "python_versions": ("Python 3.12",)},
            {"licenses": ("MIT",), "health": (HealthBand.EXCELLENT, HealthBand.GOOD)},
            {"classifiers": ("Framework :: Flask",), "updated_within": 365},
        )
    )
    text = chance.choice(("", chance.choice(noise.FIELDS), chance.choice(noise.PARTS)))
    return Question(text=text, **chosen)


def _sorted(chance: random.Random, _names: list[str]) -> Question:
    return Question(text=chance.choice(("", chance.choice(noise.PARTS))), sort=chance.choice(list(Sort)))


def _fields(info: dict[str, Any], chance: random.Random, now: int) -> RegistryFields:
    name, version = info["name"], info["version"]
    first, *chapters = info["description"].split("\n## ")
    frameworks = [each.split(" :: ")[1:] for each in info["classifiers"] if each.startswith("Framework")]
    return RegistryFields(
        id=f"{name}-{version}",
        identifier=f"{name}-{version}",
        name=name,
        name_sortable=name,
        name_normalized=normalized(name),
        version=version,
        version_raw=version,
        version_major=1,
        version_minor=0,
        version_bugfix=0,
        version_postfix="",
        version_sortable=sortable(version),
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
        main_content=" ".join(chapters[:-1]),
        changelog=chapters[-1],
        license="",
        license_expression=info["license_expression"] or "",
        classifiers=tuple(info["classifiers"]),
        keywords=tuple(info["keywords"].split(",")),
        framework_versions=tuple(" ".join(each) for each in frameworks if len(each) == 2),
        python_versions=tuple(
            f"Python {each.rpartition(' ')[2]}" for each in info["classifiers"] if "Python :: 3." in each
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
        upload_timestamp=now - int(chance.expovariate(1 / 700) * _DAY),
        yanked=False,
        yanked_reason="",
        project_status="active",
        maintainers=(f"{chance.choice(noise.FIELDS)}{chance.randint(1, 60)}",),
        vulnerabilities=(),
        status_checked=now,
        last_serial=1,
        composed_with=1,
    )


def changed(services: Services) -> str:
    """Change the summary of a project to a word that nobody else has; return that word."""
    (document,) = services.index.documents(COLLECTION, next(services.index.holdings(COLLECTION)).name_normalized)
    fields = replace(document.registry, summary="Now with quokkas")
    services.index.put(COLLECTION, [ProjectDocuments(name_normalized=fields.name_normalized, documents=(fields,))])
    return "quokkas"


def is_found(services: Services, word: str) -> None:
    """Make sure that the first search for a word finds who has it."""
    found = services.search.search(COLLECTION, Question(text=word))
    assert found.total == 1, found
