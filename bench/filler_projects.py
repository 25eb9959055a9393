"""Generated filler projects with realistic words."""

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

# Subjects, parts, verbs and adjectives of software.
FIELDS = """
    accounting acoustics aerosol agriculture airline album allergy altimeter archaeology archive astronomy
    auction aviation bacteria banking barcode battery beehive bicycle biology bird booking botany brewery bridge
    building butterfly camera canyon cargo carpentry cathedral cell chemistry chess choir cinema climate clinic
    coastline coffee comet concert copper cricket crop crystal customs dairy dance delivery dentist desert
    diabetes dialect diary dinosaur diving dolphin drone earthquake eclipse election elevator embassy engine
    enzyme epidemic exhibition factory farm ferry fermentation festival fishery flight flood florist forest
    fossil freight fungus furniture galaxy gallery garden gene genome geology glacier grammar granite gravity
    greenhouse grocery guitar harbour harvest herbarium heritage highway history hockey honey hospital hotel
    hurricane insect insulin insurance inventory invoice irrigation island jewellery journalism judo kitchen
    laboratory lake landscape laser laundry leather lecture library lighthouse linguistics locomotive lottery
    magnet mammal manuscript maple marathon market medicine metabolism meteor microscope migration mineral
    mining molecule monastery mortgage mosquito motor mountain museum mushroom music neuron novel nursery
    nutrition ocean oncology opera optics orchard orchestra orchid oxygen painting parcel parliament patient
    pension pharmacy photon physics piano pigment pilot planet plankton poetry police pollen pottery poultry
    pregnancy prison protein puzzle radar radio railway rainfall recipe reef refinery reptile restaurant river
    robot rowing sailing satellite sculpture seismic shipyard silk sleep snow soccer soil solar spectrum spice
    stadium steel surgery swimming taxi telescope tennis theatre thermal tide timber tissue tourism traffic tram
    treasury tsunami tunnel turbine university vaccine vegetable vehicle vessel veterinary vineyard violin virus
    volcano voting warehouse watershed weather wedding whale wheat wildlife wind wine wool yoga zebra zoology
""".split()  # noqa: SIM905
PARTS = """
    adapter analyser api archive backend browser bridge builder cache calendar catalogue chart checker client
    collector command compiler connector console controller converter counter crawler dashboard database dataset
    decoder designer detector dispatcher driver editor encoder engine explorer export extractor feed filter
    finder form formatter framework gateway generator grid handler helper importer index inspector interface
    kernel layout library loader locator logger manager mapper matcher merger model monitor notifier optimiser
    organiser parser planner player plotter plugin predictor printer processor profiler protocol proxy publisher
    query queue reader recorder registry renderer report repository resolver router runner sampler scanner
    scheduler scraper search selector sensor server service session simulator sorter splitter storage stream
    suite sync table tagger template theme timer tool tracker trainer transformer translator uploader validator
    viewer visualiser watcher widget workbench workflow wrapper writer
""".split()  # noqa: SIM905
VERBS = """
    analyse annotate archive browse calculate classify collect compare compress configure convert count crop
    detect display download draw edit estimate explore export extract filter find fit format generate group
    import index inspect load manage map measure merge monitor notify organise parse plan plot predict process
    publish query read record render report resize sample scan schedule search segment send simulate sort store
    stream summarise synchronise tag track train transform translate upload validate visualise watch write
""".split()  # noqa: SIM905
ADJECTIVES = """
    asynchronous automatic configurable convenient declarative distributed easy efficient experimental
    extensible fast flexible generic incremental interactive lightweight minimal modern modular opinionated
    parallel pluggable portable powerful practical pythonic reliable reusable robust scalable simple small smart
    stable tiny typed unofficial
""".split()  # noqa: SIM905
FRAMEWORKS = {
    "": "",
    "django-": "Django",
    "flask-": "Flask",
    "fastapi-": "FastAPI",
    "collective.": "Plone",
    "plone.app.": "Plone",
    "napari-": "napari",
}
_RELEASES = {"Django": ("4.2", "5.0", "5.1", "5.2", "6.0"), "Plone": ("5.1", "5.2", "6.0", "6.1")}
_LICENSES = ("MIT", "BSD-3-Clause", "Apache-2.0", "GPL-3.0-only", "GPL-2.0-only", "LGPL-3.0-or-later", "")


def generate_projects(count: int, *, seed: int) -> Iterator[dict[str, Any]]:
    """Yield the `info` of `count` projects with distinct names, deterministic for a seed."""
    rng = random.Random(seed)
    used_names: set[str] = set()
    while len(used_names) < count:
        info = _generate_info(rng)
        if info["name"].lower() not in used_names:
            used_names.add(info["name"].lower())
            yield info


def _generate_info(rng: random.Random) -> dict[str, Any]:
    prefix = rng.choice(list(FRAMEWORKS))
    framework = FRAMEWORKS[prefix]
    field, second_field = rng.sample(FIELDS, 2)
    part = rng.choice(PARTS) if rng.random() < 0.4 else rng.choice(FIELDS)
    vocabulary = _Vocabulary(rng, rng.sample(VERBS, 3), rng.sample(ADJECTIVES, 2), rng.sample(PARTS + FIELDS, 3))
    tail = rng.choice(("", "", "", f"-{rng.choice(PARTS)}", str(rng.randint(2, 9)), f"-{second_field}"))
    name = f"{prefix}{field}{rng.choice('-_.') if not prefix.endswith('.') else '.'}{part}{tail}"
    summary = _generate_sentence(vocabulary, field, part, framework)
    releases = sorted(rng.sample(_RELEASES[framework], 2)) if framework in _RELEASES else []
    pythons = [f"3.{minor}" for minor in range(rng.randint(6, 11), 14)]
    classifiers = [f"Framework :: {framework}"] if framework else []
    classifiers += [f"Framework :: {framework} :: {release}" for release in releases]
    classifiers += [
        "Programming Language :: Python",
        *(f"Programming Language :: Python :: {word}" for word in pythons),
    ]
    return {
        "name": name,
        "version": "1.0",
        "summary": summary,
        "keywords": ",".join(rng.sample([field, second_field, part, framework.lower() or "python"], 3)),
        "description": _generate_readme(vocabulary, name, summary, field, second_field, part, framework),
        "description_content_type": "text/markdown",
        "classifiers": classifiers,
        "license_expression": rng.choice(_LICENSES) or None,
        "requires_dist": [name.lower() for name in (framework, rng.choice(("requests", "numpy", "pyyaml"))) if name],
        "requires_python": f">={pythons[0]}",
        "project_urls": {},
    }


class _Vocabulary(NamedTuple):
    """The few words that one author uses."""

    rng: random.Random
    verbs: list[str]
    adjectives: list[str]
    nouns: list[str]


def _generate_readme(
    vocabulary: _Vocabulary, name: str, summary: str, field: str, second_field: str, part: str, framework: str
) -> str:
    def paragraph(sentences: int) -> str:
        return " ".join(
            _generate_sentence(vocabulary, vocabulary.rng.choice((field, second_field, field)), part, framework)
            for _ in range(sentences)
        )

    return (
        f"# {name}\n\n{summary}\n\n{paragraph(3)}\n\n## Installation\n\n    pip install {name}\n\n"
        f"## Usage\n\n{paragraph(6)}\n\n## Configuration\n\n{paragraph(5)}\n\n"
        f"## Changelog\n\n### 1.0\n\n- {paragraph(1)}\n"
    )


def _generate_sentence(vocabulary: _Vocabulary, field: str, part: str, framework: str) -> str:
    rng = vocabulary.rng
    verb, adjective, noun = (rng.choice(words) for words in vocabulary[1:])
    suffix = f" in {framework}" if framework else ""
    return rng.choice(
        (
            f"A {adjective} {field} {part} to {verb} data{suffix}.",
            f"{adjective.capitalize()} {part} for {field} {noun}s{suffix}",
            f"{verb.capitalize()} {field} records with a {adjective} {noun}{suffix}.",
            f"It helps teams {verb} what their {field} {part} has written, "
            f"and {rng.choice(vocabulary.verbs)} it later.",
            f"The {noun} is {adjective}, and the {part} can {verb} every {field} file{suffix}.",
        )
    )
