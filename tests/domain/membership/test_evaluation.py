"""Members, non-members, and their reasons."""

from typing import Any

import pytest
from msgspec.json import decode, encode
from msgspec.structs import replace

from pyf.aggregator.domain.documents.project import Metadata
from pyf.aggregator.domain.membership.evaluation import MembershipReason, evaluate_membership
from pyf.aggregator.domain.membership.profile import Filter

FLASK = Filter(
    profile="flask",
    classifiers=("Framework :: Flask",),
    requires=("flask",),
    names=("flask-*", "*-flask", "flasgger"),
    include={"werkzeug": "it is the lower half"},
    exclude={"flask-spam": "it sells watches"},
)


def get_reason(name: str = "acme", *requires: str, filter_: Filter = FLASK, **metadata: Any) -> MembershipReason | None:
    return evaluate_membership(filter_, name, Metadata(requires_dist=requires, **metadata)).reason


def get_explanation(name: str = "acme", *requires: str, filter_: Filter = FLASK, **metadata: Any) -> str:
    return evaluate_membership(filter_, name, Metadata(requires_dist=requires, **metadata)).text


def test_classifier_or_subclassifier_is_reason() -> None:
    assert get_reason(classifiers=("Framework :: Flask :: 4",)) is MembershipReason.CLASSIFIER
    assert get_reason(classifiers=("Framework :: Flaskesque",)) is None


def test_runtime_requirement_is_reason_in_any_spelling() -> None:
    assert get_reason("acme", "Flask>=2") is MembershipReason.REQUIRES
    assert get_reason("acme", 'flask; python_version < "3.9"') is MembershipReason.REQUIRES


def test_classifier_precedes_requirement() -> None:
    assert get_reason("flask-login", "flask", classifiers=("Framework :: Flask",)) is MembershipReason.CLASSIFIER


def test_name_pattern_alone_is_no_reason() -> None:
    assert get_reason("flask-talisman") is None
    assert get_reason("flask-talisman", "jinja2") is None


def test_name_pattern_with_requirement_is_reason() -> None:
    assert get_reason("flask-login-more", "Flask_Login>=1") is MembershipReason.NAME
    assert get_reason("acme", "Flask-Login>=1") is None
    assert get_reason("flask-login-more", 'flask-login; extra == "more"') is None
    assert get_reason("flask-login", 'Flask-Login[all]; python_version > "3"') is None


@pytest.mark.parametrize(
    "requires", [(), ('flask; extra == "web"',), ('Flask>=2 ; extra == "tests"',), ("flask-cors",)]
)
def test_mention_or_extra_is_no_reason(requires: tuple[str, ...]) -> None:
    assert get_reason("moto", *requires, summary="Works with Flask", keywords="flask", description="# Flask") is None


def test_included_package_is_always_member() -> None:
    assert get_reason("werkzeug") is MembershipReason.INCLUDE
    assert get_reason("werkzeug", "flask") is MembershipReason.REQUIRES


def test_excluded_package_is_never_member() -> None:
    both = replace(FLASK, include={"flask-spam": "it is cheap"})

    assert get_reason("flask-spam", "flask", classifiers=("Framework :: Flask",)) is None
    assert get_reason("flask-spam", filter_=both) is None
    assert get_explanation("flask-spam") == "it is excluded: it sells watches"


def test_strict_filter_uses_classifiers_and_include_list() -> None:
    strict = replace(FLASK, strict=True)

    assert get_reason("flask-login", "flask", filter_=strict) is None
    assert get_reason("acme", filter_=strict, classifiers=("Framework :: Flask",)) is MembershipReason.CLASSIFIER
    assert get_reason("werkzeug", filter_=strict) is MembershipReason.INCLUDE
    assert get_reason("flask-spam", filter_=strict, classifiers=("Framework :: Flask",)) is None


def test_filter_for_everything_admits_all() -> None:
    assert get_reason(filter_=Filter(everything=True)) is MembershipReason.EVERYTHING


@pytest.mark.parametrize(
    ("name", "requires", "said"),
    [
        ("acme", ["Flask>=2"], 'its newest release requires flask ("Flask>=2")'),
        (
            "acme",
            [],
            "no classifier of profile flask (Framework :: Flask), it does not require flask: it has no requ",
        ),
        ("moto", ['flask; extra == "server"', "boto3"], 'it requires flask only for its extra "server"'),
        ("moto", ['flask; extra == "a" or extra == "b"'], 'only for its extras "a" and "b"'),
        ("flask-talisman", ["jinja2"], "it does not require flask, its name matches flask-*, which is not enough"),
        ("flask-x", ["flask-login"], 'its name matches flask-*, and it requires flask-login ("flask-login"), whose'),
        ("werkzeug", [], "it is included: it is the lower half"),
    ],
)
def test_evaluation_explains_the_reason(name: str, requires: list[str], said: str) -> None:
    assert said in get_explanation(name, *requires)


def test_strict_filter_is_described_as_strict() -> None:
    assert "the profile is strict" in get_explanation("flask-login", "flask", filter_=replace(FLASK, strict=True))


def test_older_stored_filter_is_readable() -> None:
    stored = b'{"profile":"flask","classifiers":["Framework :: Flask"],"everything":false}'

    assert decode(stored, type=Filter) == Filter(profile="flask", classifiers=("Framework :: Flask",))
    assert decode(encode(FLASK), type=Filter) == FLASK
