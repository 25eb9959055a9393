import pytest
from trove_classifiers import classifiers as trove

from pyf.aggregator.adapters.profiles import load_profiles
from pyf.aggregator.domain.profile import Filter, matches

PLONE = Filter(profile="plone", classifiers=("Framework :: Plone",))


@pytest.mark.parametrize(
    ("classifier", "belongs"),
    [
        ("Framework :: Plone", True),
        ("Framework :: Plone :: 6.0", True),
        ("Framework :: Plone :: Addon :: Deep", True),
        ("Framework :: Plonesque", False),
        ("Framework :: Plonesque :: 6.0", False),
        ("Framework", False),
    ],
)
def test_a_classifier_stands_for_itself_and_what_is_below(classifier: str, belongs: bool) -> None:
    assert matches(classifier, ["Framework :: Plone"]) is belongs


def test_the_expansion_holds_published_and_shown_classifiers_once() -> None:
    known = ["Framework :: Plone :: 6.0", "Framework :: Plone :: 9.9", "Framework :: Django", "Framework :: Plone"]

    assert PLONE.expanded(known) == ("Framework :: Plone", "Framework :: Plone :: 6.0", "Framework :: Plone :: 9.9")


def test_a_filter_for_everything_admits_a_project_without_classifiers() -> None:
    assert Filter(everything=True).admits([])
    assert not PLONE.admits([])


def test_filters_that_admit_the_same_have_the_same_key() -> None:
    one = Filter(classifiers=("B :: b", "A :: a"))
    other = Filter(profile="mine", classifiers=("A :: a", "B :: b"))

    assert one.key == other.key != PLONE.key != Filter(everything=True).key


@pytest.mark.parametrize("key", sorted(load_profiles()))
def test_every_built_in_classifier_is_published(key: str) -> None:
    assert set(load_profiles()[key].classifiers) <= set(trove)


def test_the_four_promised_profiles_are_built_in() -> None:
    assert set(load_profiles()) == {"plone", "django", "flask", "fastapi"}
