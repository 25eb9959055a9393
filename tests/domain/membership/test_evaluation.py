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


def test_a_classifier_or_one_below_it_is_a_reason() -> None:
    assert get_reason(classifiers=("Framework :: Flask :: 4",)) is MembershipReason.CLASSIFIER
    assert get_reason(classifiers=("Framework :: Flaskesque",)) is None


def test_a_requirement_at_run_time_is_a_reason_under_any_name() -> None:
    assert get_reason("acme", "Flask>=2") is MembershipReason.REQUIRES
    assert get_reason("acme", 'flask; python_version < "3.9"') is MembershipReason.REQUIRES


def test_a_classifier_comes_before_a_requirement() -> None:
    assert get_reason("flask-login", "flask", classifiers=("Framework :: Flask",)) is MembershipReason.CLASSIFIER


def test_a_name_is_no_reason_on_its_own() -> None:
    assert get_reason("flask-talisman") is None
    assert get_reason("flask-talisman", "jinja2") is None


def test_a_name_is_a_reason_with_a_requirement_of_such_a_name() -> None:
    assert get_reason("flask-login-more", "Flask_Login>=1") is MembershipReason.NAME
    assert get_reason("acme", "Flask-Login>=1") is None
    assert get_reason("flask-login-more", 'flask-login; extra == "more"') is None
    assert get_reason("flask-login", 'Flask-Login[all]; python_version > "3"') is None


@pytest.mark.parametrize(
    "requires", [(), ('flask; extra == "web"',), ('Flask>=2 ; extra == "tests"',), ("flask-cors",)]
)
def test_who_mentions_it_or_needs_it_for_an_extra_is_out(requires: tuple[str, ...]) -> None:
    assert get_reason("moto", *requires, summary="Works with Flask", keywords="flask", description="# Flask") is None


def test_who_is_included_is_in_whatever_it_says() -> None:
    assert get_reason("werkzeug") is MembershipReason.INCLUDE
    assert get_reason("werkzeug", "flask") is MembershipReason.REQUIRES


def test_who_is_excluded_is_out_whatever_it_says() -> None:
    both = replace(FLASK, include={"flask-spam": "it is cheap"})

    assert get_reason("flask-spam", "flask", classifiers=("Framework :: Flask",)) is None
    assert get_reason("flask-spam", filter_=both) is None
    assert get_explanation("flask-spam") == "it is excluded: it sells watches"


def test_a_strict_filter_goes_by_classifiers_and_by_hand() -> None:
    strict = replace(FLASK, strict=True)

    assert get_reason("flask-login", "flask", filter_=strict) is None
    assert get_reason("acme", filter_=strict, classifiers=("Framework :: Flask",)) is MembershipReason.CLASSIFIER
    assert get_reason("werkzeug", filter_=strict) is MembershipReason.INCLUDE
    assert get_reason("flask-spam", filter_=strict, classifiers=("Framework :: Flask",)) is None


def test_a_filter_for_everything_lets_everything_in() -> None:
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


def test_a_strict_filter_says_that_it_is_strict() -> None:
    assert "the profile is strict" in get_explanation("flask-login", "flask", filter_=replace(FLASK, strict=True))


def test_a_filter_that_an_older_program_stored_can_still_be_read() -> None:
    stored = b'{"profile":"flask","classifiers":["Framework :: Flask"],"everything":false}'

    assert decode(stored, type=Filter) == Filter(profile="flask", classifiers=("Framework :: Flask",))
    assert decode(encode(FLASK), type=Filter) == FLASK
