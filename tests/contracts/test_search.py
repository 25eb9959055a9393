"""What every engine finds by filters, in which order, and what it counts."""

import pytest

from pyf.aggregator.domain.documents.facets import HealthBand
from pyf.aggregator.domain.documents.project import normalize_name
from pyf.aggregator.domain.documents.schema import DownloadFields, HealthFields, RepositoryFields
from pyf.aggregator.domain.errors import NotFound
from pyf.aggregator.domain.search import FacetCount, SearchQuery, SearchResults, Sort
from pyf.aggregator.ports import PackageIndex, ProjectDocuments, SearchEngine
from support.builders import PLONE, build_fields, build_project, build_query
from support.index_engines import NOW

pytestmark = pytest.mark.usefixtures("plone_collection")

DAY = 86_400


def list_names(results: SearchResults) -> list[str]:
    return [hit.name for hit in results.hits]


def to_counts(results: SearchResults, facet: str) -> dict[str, int]:
    return {each.value: each.count for each in results.facets[facet]}


@pytest.fixture
def sample_packages(index: PackageIndex, plone_collection: None) -> None:
    """Four packages that differ in all values that can be filtered."""
    api = build_project(
        "plone.api",
        license_expression="GPL-2.0-only",
        classifiers=("Framework :: Plone", "Framework :: Plone :: 6.0"),
        framework_versions=("Plone 6.0",),
        python_versions=("Python 3.12",),
        maintainers=("ada", "grace"),
        upload_timestamp=NOW - 10 * DAY,
        summary="An api",
    )
    blog = build_project(
        "django-blog",
        license_expression="MIT",
        classifiers=("Framework :: Django",),
        framework_versions=("Django 5.2",),
        python_versions=("Python 3.12", "Python 3.13"),
        maintainers=("grace",),
        upload_timestamp=NOW - 400 * DAY,
        requires_dist=("Django>=5", "plone.api; extra == 'test'"),
    )
    old = build_project("Zope.Old", project_status="archived", upload_timestamp=NOW - 3000 * DAY)
    unknown = build_project("unknown", license_expression="MIT")
    index.put(PLONE, [api, blog, old, unknown])
    index.update(
        PLONE,
        {
            "plone-api": DownloadFields(download_last_month=500),
            "django-blog": DownloadFields(download_last_month=9_000),
            "zope-old": DownloadFields(download_last_month=0),
        },
    )
    index.update(
        PLONE, {"plone-api": RepositoryFields(repository_stars=90), "zope-old": RepositoryFields(repository_stars=3)}
    )
    index.update(PLONE, {"plone-api": HealthFields(health_score=90), "django-blog": HealthFields(health_score=45)})


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"framework": ("Plone 6.0", "Plone 5.2")}, ["plone.api"]),
        ({"python": ("Python 3.12",)}, ["django-blog", "plone.api"]),
        ({"license": ("MIT",)}, ["django-blog", "unknown"]),
        ({"classifier": ("Framework :: Plone :: 6.0", "Framework :: Django")}, ["django-blog", "plone.api"]),
        ({"health": (HealthBand.EXCELLENT, HealthBand.FAIR)}, ["django-blog", "plone.api"]),
        ({"health": (HealthBand.UNKNOWN,)}, ["unknown", "Zope.Old"]),
        ({"status": ("archived",)}, ["Zope.Old"]),
        ({"maintainer": ("ada",)}, ["plone.api"]),
        ({"updated_within": 30}, ["plone.api"]),
        ({"updated_within": 10}, ["plone.api"]),
        ({"updated_within": 9}, []),
        ({"license": ("MIT",), "maintainer": ("grace",)}, ["django-blog"]),
        ({"license": ("MIT",), "status": ("archived",)}, []),
        ({"license": ("nobody's",)}, []),
        ({"maintainer": ("half \ud800 a letter",)}, []),
        ({"updated_within": 10**18}, ["django-blog", "plone.api", "unknown", "Zope.Old"]),
    ],
)
@pytest.mark.usefixtures("sample_packages")
def test_values_of_a_filter_are_alternatives_and_all_filters_hold(
    search_engine: SearchEngine, filters: dict[str, tuple[str, ...]], expected: list[str]
) -> None:
    found = search_engine.search(PLONE, build_query(**filters, sort=Sort.NAME))

    assert (list_names(found), found.total) == (expected, len(expected))


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (Sort.NAME, ["django-blog", "plone.api", "unknown", "Zope.Old"]),
        (Sort.DOWNLOADS, ["django-blog", "plone.api", "Zope.Old", "unknown"]),
        (Sort.STARS, ["plone.api", "Zope.Old", "django-blog", "unknown"]),
        (Sort.HEALTH, ["plone.api", "django-blog", "unknown", "Zope.Old"]),
        (Sort.NEWEST, ["plone.api", "django-blog", "Zope.Old", "unknown"]),
    ],
)
@pytest.mark.usefixtures("sample_packages")
def test_unknown_values_sort_last_and_equal_ones_by_name(
    search_engine: SearchEngine, sort: Sort, expected: list[str]
) -> None:
    assert list_names(search_engine.search(PLONE, SearchQuery(sort=sort))) == expected


@pytest.mark.usefixtures("sample_packages")
def test_search_without_text_sorts_by_quality(search_engine: SearchEngine) -> None:
    found = list_names(search_engine.search(PLONE, SearchQuery()))

    assert (found[:2], found[-1]) == (["django-blog", "plone.api"], "Zope.Old")


@pytest.mark.usefixtures("sample_packages")
def test_every_facet_is_counted(search_engine: SearchEngine) -> None:
    found = search_engine.search(PLONE, SearchQuery())

    assert to_counts(found, "framework") == {"Django 5": 1, "Django 5.2": 1, "Plone 6": 1, "Plone 6.0": 1}
    assert to_counts(found, "python") == {"Python 3": 2, "Python 3.12": 2, "Python 3.13": 1}
    assert to_counts(found, "license") == {"MIT": 2, "GPL-2.0-only": 1}
    assert to_counts(found, "health") == {"unknown": 2, "excellent": 1, "fair": 1}
    assert to_counts(found, "status") == {"active": 3, "archived": 1}
    assert to_counts(found, "maintainer") == {"grace": 2, "ada": 1}
    assert to_counts(found, "classifier")["Framework :: Django"] == 1
    assert found.facets["license"][0] == FacetCount(value="MIT", count=2)


@pytest.mark.usefixtures("sample_packages")
def test_facet_ignores_its_own_filter(search_engine: SearchEngine) -> None:
    found = search_engine.search(PLONE, build_query(license=("MIT",)))

    assert to_counts(found, "license") == {"MIT": 2, "GPL-2.0-only": 1}
    assert to_counts(found, "maintainer") == {"grace": 1}


def test_facet_values_are_bounded_except_selected_ones(index: PackageIndex, search_engine: SearchEngine) -> None:
    index.put(PLONE, [build_project(f"p{n}", maintainers=("often", f"m{n:02}")) for n in range(40)])

    counted = search_engine.search(PLONE, build_query(maintainer=("m39",))).facets["maintainer"]

    assert [each.value for each in counted] == ["often", *(f"m{n:02}" for n in range(29)), "m39"]


def test_values_are_counted_in_many_packages_with_few_sets(
    index: PackageIndex, search_engine: SearchEngine, plone_collection: None
) -> None:
    sets = (("Topic :: A", "Topic :: B"), ("Topic :: A",), ())
    index.put(PLONE, [build_project(f"p{number}", classifiers=sets[number % 3]) for number in range(90)])

    all_packages = search_engine.search(PLONE, build_query())
    selected_packages = search_engine.search(PLONE, build_query(classifier=("Topic :: A", "Topic :: C")))

    assert to_counts(all_packages, "classifier") == {"Topic :: A": 60, "Topic :: B": 30}
    assert to_counts(selected_packages, "classifier") == {"Topic :: A": 60, "Topic :: B": 30}


def test_facet_values_include_all_but_hidden_packages(index: PackageIndex, search_engine: SearchEngine) -> None:
    index.put(PLONE, [build_project(f"p{n}", maintainers=("often", f"m{n:03}")) for n in range(300)])
    index.put(PLONE, [build_project("evil", maintainers=("eve",), project_status="quarantined")])

    values = search_engine.count_values(PLONE, "maintainer", hidden=frozenset({"p7"}))

    assert values == {"often": 299} | {f"m{n:03}": 1 for n in range(300) if n != 7}


def test_older_release_is_found_by_its_framework_version(index: PackageIndex, search_engine: SearchEngine) -> None:
    old = build_fields("plone.api", "1.0", is_newest=False, framework_versions=("Plone 5.2",))
    new = build_fields("plone.api", "2.0", framework_versions=("Plone 6.0",))
    index.put(PLONE, [ProjectDocuments(name_normalized="plone-api", documents=(old, new))])

    found = search_engine.search(PLONE, build_query(framework=("Plone 5.2",)))

    assert [(hit.version, hit.is_newest) for hit in found.hits] == [("1.0", False)]
    assert to_counts(found, "framework") == {"Plone 5": 1, "Plone 5.2": 1, "Plone 6": 1, "Plone 6.0": 1}


def test_major_version_covers_its_minor_ones(index: PackageIndex, search_engine: SearchEngine) -> None:
    index.put(
        PLONE,
        [
            build_project("a", framework_versions=("Plone 6.0",), python_versions=("Python 3.12",)),
            build_project("b", framework_versions=("Plone 6.1", "Zope 5"), python_versions=("Python 2.7",)),
            build_project("c", framework_versions=("Plone 5.2", "Zope 5")),
        ],
    )

    assert list_names(search_engine.search(PLONE, build_query(framework=("Plone 6",), sort=Sort.NAME))) == ["a", "b"]
    assert list_names(search_engine.search(PLONE, build_query(framework=("Zope 5",), sort=Sort.NAME))) == ["b", "c"]
    assert list_names(search_engine.search(PLONE, build_query(framework=("Plone 6",), python=("Python 3",)))) == ["a"]


def test_admitted_python_counts_unless_only_declared_ones_do(index: PackageIndex, search_engine: SearchEngine) -> None:
    pythons = ("Python 3.11", "Python 3.12")
    index.put(
        PLONE,
        [
            build_project(
                "admits",
                framework_versions=("Plone 6.0",),
                python_versions=pythons[:1],
                supported_python_versions=pythons,
            ),
            build_project("declares", python_versions=pythons, supported_python_versions=pythons),
            build_project("excludes", python_versions=pythons, supported_python_versions=()),
            build_project("older.program", python_versions=pythons),
        ],
    )

    def find(**selected: tuple[str, ...]) -> list[str]:
        return list_names(search_engine.search(PLONE, build_query(**selected, sort=Sort.NAME)))

    assert find(python=("Python 3.12",)) == ["admits", "declares", "older.program"]
    assert find(declared_python=("Python 3.12",)) == ["declares", "excludes", "older.program"]
    assert find(framework=("Plone 6.0",), python=("Python 3.12",)) == ["admits"]
    assert find(framework=("Plone 6.0",), declared_python=("Python 3.12",)) == []
    assert to_counts(search_engine.search(PLONE, SearchQuery()), "python")["Python 3.12"] == 3


def test_older_release_admits_no_python_that_the_newest_one_leaves_out(
    index: PackageIndex, search_engine: SearchEngine
) -> None:
    old = build_fields(
        "a", "1.0", is_newest=False, supported_python_versions=("Python 2.7", "Python 3.9", "Python 3.12")
    )
    new = build_fields("a", "2.0", supported_python_versions=("Python 3.9", "Python 3.10"))
    index.put(PLONE, [ProjectDocuments(name_normalized="a", documents=(old, new))])

    found = {
        python: search_engine.search(PLONE, build_query(python=(f"Python {python}",))).hits
        for python in ("2.7", "3.9", "3.12")
    }

    assert [hit.version for hit in found["2.7"]] == ["1.0"]
    assert [hit.version for hit in found["3.9"]] == ["2.0"]
    assert found["3.12"] == ()


def test_newest_release_with_both_versions_is_found(index: PackageIndex, search_engine: SearchEngine) -> None:
    versions = {
        "1.0": (("Plone 5.2",), ("Python 2.7",)),
        "1.1": (("Plone 5.2",), ("Python 2.7", "Python 3.8")),
        "2.0": (("Plone 6.0",), ("Python 3.12",)),
    }
    releases = [
        build_fields("a", version, is_newest=version == "2.0", framework_versions=plone, python_versions=python)
        for version, (plone, python) in versions.items()
    ]
    index.put(PLONE, [ProjectDocuments(name_normalized="a", documents=tuple(releases))])

    both = search_engine.search(PLONE, build_query(framework=("Plone 5.2",), python=("Python 2.7",)))
    apart = search_engine.search(PLONE, build_query(framework=("Plone 5.2",), python=("Python 3.12",)))

    assert [hit.version for hit in both.hits] == ["1.1"]
    assert (apart.total, apart.hits) == (0, ())


def test_pages_leave_nothing_out_and_repeat_nothing(index: PackageIndex, search_engine: SearchEngine) -> None:
    index.put(PLONE, [build_project(f"package-{number}", summary="alike") for number in range(190)])

    pages = [search_engine.search(PLONE, SearchQuery(text="alike", page=page, per_page=40)) for page in range(1, 7)]

    assert [len(page.hits) for page in pages] == [40, 40, 40, 40, 30, 0]
    assert len({name for page in pages for name in list_names(page)}) == 190
    assert {page.total for page in pages} == {190}


def test_page_past_last_is_empty(index: PackageIndex, search_engine: SearchEngine) -> None:
    index.put(PLONE, [build_project("a")])

    found = search_engine.search(PLONE, SearchQuery(page=10**6, per_page=100))

    assert (found.total, found.hits) == (1, ())


def test_quarantined_package_is_not_found(index: PackageIndex, search_engine: SearchEngine) -> None:
    index.put(PLONE, [build_project("bad", project_status="quarantined", requires_dist=("a",))])

    found = search_engine.search(PLONE, SearchQuery(text="bad"))

    assert (found.total, found.hits) == (0, ())
    assert list(search_engine.suggest(PLONE, "bad", limit=5)) == []
    assert list(search_engine.get_hits(PLONE, ["bad"])) == []
    assert list(search_engine.find_dependents(PLONE, "a", limit=5)) == []


def test_quarantined_package_disappears_and_returns(index: PackageIndex, search_engine: SearchEngine) -> None:
    totals = []
    for status in ("active", "quarantined", "active"):
        index.put(PLONE, [build_project("a", project_status=status)])
        totals.append(search_engine.search(PLONE, SearchQuery()).total)

    assert totals == [1, 0, 1]


@pytest.mark.usefixtures("sample_packages")
def test_hidden_projects_are_nowhere(search_engine: SearchEngine) -> None:
    hidden = frozenset({"plone-api", "never-there"})

    found = search_engine.search(PLONE, SearchQuery(sort=Sort.NAME), hidden=hidden)

    assert list_names(found) == ["django-blog", "unknown", "Zope.Old"]
    assert "ada" not in to_counts(found, "maintainer")
    assert list(search_engine.suggest(PLONE, "plone", limit=5, hidden=hidden)) == []
    assert list(search_engine.get_hits(PLONE, ["plone-api"], hidden=hidden)) == []
    assert list(search_engine.find_dependents(PLONE, "django", limit=5, hidden=frozenset({"django-blog"}))) == []


@pytest.mark.usefixtures("sample_packages")
def test_alias_is_resolved_and_unknown_name_is_not_found(search_engine: SearchEngine) -> None:
    assert search_engine.search("plone", SearchQuery()).total == 4
    for ask in (
        lambda: search_engine.search("nowhere", SearchQuery()),
        lambda: search_engine.suggest("nowhere", "a", limit=1),
        lambda: search_engine.find_similar("nowhere", "a", limit=1),
        lambda: search_engine.find_dependents("nowhere", "a", limit=1),
        lambda: search_engine.get_hits("nowhere", ["a"]),
    ):
        with pytest.raises(NotFound):
            ask()


@pytest.mark.usefixtures("sample_packages")
def test_dependents_require_it_in_newest_release_by_downloads(index: PackageIndex, search_engine: SearchEngine) -> None:
    old = build_fields("was", "1.0", is_newest=False, requires_dist=("plone.api",))
    index.put(
        PLONE,
        [
            ProjectDocuments(name_normalized="was", documents=(old, build_fields("was", "2.0"))),
            build_project("needs", requires_dist=("Plone_API (>=2)", "see the readme")),
        ],
    )

    found = search_engine.find_dependents(PLONE, "plone-api", limit=5)

    assert [hit.name for hit in found] == ["django-blog", "needs"]


@pytest.mark.usefixtures("sample_packages")
def test_get_hits_keeps_order_and_drops_missing_names(search_engine: SearchEngine) -> None:
    picked = search_engine.get_hits(PLONE, ["zope-old", "nobody", "plone-api", "zope-old", "half-\ud800"])

    assert [hit.name for hit in picked] == ["Zope.Old", "plone.api"]
    assert list(search_engine.get_hits(PLONE, [])) == []


def test_similar_packages_share_rare_terms(index: PackageIndex, search_engine: SearchEngine) -> None:
    index.put(
        PLONE,
        [
            build_project("collective.cropping", keywords=("image", "crop"), summary="Crop images"),
            build_project("plone.app.imagecropping", keywords=("image", "crop"), summary="Cropping of images"),
            build_project("collective.solr", keywords=("search",), summary="Search with Solr"),
            *(build_project(f"other{n}", summary="Something else") for n in range(20)),
        ],
    )

    found = search_engine.find_similar(PLONE, "collective-cropping", limit=5)

    assert [hit.name for hit in found] == ["plone.app.imagecropping"]
    assert list(search_engine.find_similar(PLONE, "nobody", limit=5)) == []


def test_next_search_finds_written_package(index: PackageIndex, search_engine: SearchEngine) -> None:
    index.put(PLONE, [build_project("a", summary="before")])
    assert search_engine.search(PLONE, SearchQuery(text="before")).total == 1

    index.put(PLONE, [build_project("a", summary="after")])
    index.update(PLONE, {normalize_name("a"): HealthFields(health_score=77)})

    assert search_engine.search(PLONE, SearchQuery(text="before")).total == 0
    assert [hit.health_score for hit in search_engine.search(PLONE, SearchQuery(text="after")).hits] == [77]


def test_hit_names_the_successor_of_the_package(index: PackageIndex, search_engine: SearchEngine) -> None:
    index.put(PLONE, [build_project("old.forms", title="old.forms", first_chapter="Deprecated in favor of new.forms.")])
    index.put(PLONE, [build_project("new.forms", summary="Replaces old forms")])

    hits = search_engine.search(PLONE, SearchQuery(text="forms", sort=Sort.NAME)).hits

    assert [(hit.name, hit.replaced_by) for hit in hits] == [("new.forms", ""), ("old.forms", "new.forms")]
