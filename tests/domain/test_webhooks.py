"""Events of packages, and the payloads that report them."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.json import decode
from msgspec.structs import replace

from pyf.aggregator.domain.documents.project import Vulnerability
from pyf.aggregator.domain.documents.schema import RegistryFields
from pyf.aggregator.domain.webhooks import (
    EventType,
    build_page_url,
    build_removal_event,
    encode_payload,
    find_events,
    summarize_package,
)
from pyf.aggregator.web.urls import build_project_path, build_start_path
from support.builders import build_fields

NOW = 2_000_000_000


def build_release(version: str, uploaded: int = 1, *advisories: str, **fields: object) -> RegistryFields:
    vulnerabilities = tuple(Vulnerability(id=advisory) for advisory in advisories)
    defaults = {"upload_timestamp": uploaded, "is_newest": False, "vulnerabilities": vulnerabilities}
    return build_fields(version=version, **(defaults | fields))


def list_events(known: list[RegistryFields], releases: list[RegistryFields]) -> list[tuple[str, object]]:
    events = find_events(summarize_package(known) if known else None, releases, NOW)
    return [(event.type.value, event.data) for event in events]


def test_new_package_is_one_event() -> None:
    releases = [build_release("2.0", 20, "A-1", is_newest=True, summary="mail ada@example.org"), build_release("1.0")]

    assert list_events([], releases) == [
        ("package.new", {"package": "plone.api", "version": "2.0", "summary": "mail [address]"})
    ]


def test_releases_come_in_the_order_of_their_upload_and_those_without_files_never() -> None:
    known = [build_release("1.0", is_newest=True)]
    releases = [*known, build_release("2.0", 30), build_release("1.1", 20), build_release("3.0", 0)]

    events = list_events(known, releases)

    assert [(kind, data["version"]) for kind, data in events] == [("release.new", "1.1"), ("release.new", "2.0")]  # type: ignore[index]


def test_newest_release_loses_support() -> None:
    old = build_release(
        "1.0",
        is_newest=True,
        framework_versions=("Plone 5.2", "Plone 6.0"),
        supported_python_versions=("Python 3.8", "Python 3.9"),
    )
    new = build_release(
        "2.0",
        2,
        is_newest=True,
        framework_versions=("Plone 6.0", "Plone 6.1"),
        supported_python_versions=("Python 3.9", "Python 3.10"),
    )

    (_, (kind, data)) = list_events([old], [new, replace(old, is_newest=False)])

    assert kind == "support.lost"
    assert data == {
        "package": "plone.api",
        "version": "2.0",
        "summary": "",
        "before": "1.0",
        "lost": ["Plone 5.2", "Python 3.8"],
    }


def test_advisory_names_the_affected_releases() -> None:
    known = [build_release("2.0", is_newest=True), build_release("1.0", 1, "A-1")]
    releases = [build_release("2.0", 1, "A-2", is_newest=True), build_release("1.10", 1, "A-2"), known[1]]

    (release, advisory) = list_events(known, releases)

    assert release[0] == "release.new"
    assert advisory == (
        "advisory.new",
        {"package": "plone.api", "version": "2.0", "summary": "", "advisory": "A-2", "affected": ["1.10", "2.0"]},
    )


@st.composite
def draw_packages(draw: st.DrawFn) -> list[RegistryFields]:
    versions = draw(st.lists(st.sampled_from(["1.0", "1.1", "2.0", "2.1", "3.0"]), min_size=1, unique=True))
    newest = draw(st.sampled_from(versions))
    values = {
        "framework_versions": st.lists(st.sampled_from(["Plone 5.2", "Plone 6.0"]), unique=True).map(tuple),
        "supported_python_versions": st.lists(st.sampled_from(["Python 3.8", "Python 3.9"]), unique=True).map(tuple),
    }
    return [
        build_release(
            version,
            draw(st.integers(0, 3)),
            *draw(st.lists(st.sampled_from(["A-1", "A-2"]), unique=True)),
            is_newest=version == newest,
            **{name: draw(strategy) for name, strategy in values.items()},
        )
        for version in versions
    ]


@given(draw_packages(), draw_packages())
def test_delivery_can_be_interrupted_after_any_event(
    known: list[RegistryFields], releases: list[RegistryFields]
) -> None:
    events = find_events(summarize_package(known), releases, NOW)

    for number, event in enumerate(events):
        rest = find_events(event.after, releases, NOW)
        assert [(later.type, later.data) for later in rest] == [
            (later.type, later.data) for later in events[number + 1 :]
        ]
    if events:
        assert events[-1].after == summarize_package(releases)


def test_payload_has_the_recommended_shape() -> None:
    event = build_removal_event("plone.gone", "its author deleted it", 0)

    payload = decode(encode_payload(event.type, event.occurred_at, event.data))

    assert payload == {
        "type": "package.left",
        "timestamp": "1970-01-01T00:00:00Z",
        "data": {"package": "plone.gone", "reason": "its author deleted it"},
    }
    assert {event_type.value.count(".") for event_type in EventType} == {1}


def test_page_urls_are_those_of_the_site() -> None:
    site = "https://packages.example"

    assert build_page_url(site, "plone", "plone-api") == site + build_project_path("plone", "plone-api")
    assert build_page_url(site, "my plone") == site + build_start_path("my plone")
    assert build_page_url("", "plone", "plone-api") == ""
