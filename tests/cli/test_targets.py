"""Which collection a command works on, and what fills it: options, settings and profiles together."""

import re

from shell import Shell

PLONE = ["collective-one", "collective-two", "plone-api", "plone-volto"]
DJANGO = ["django-blog", "django-shop"]


def test_a_profile_brings_its_classifiers_and_its_collection(shell: Shell) -> None:
    shell.call("-f", "-p", "plone")

    assert shell.names("plone") == PLONE
    assert shell.collections() == {"plone-1": ("plone",)}


def test_a_target_beats_the_collection_of_the_profile(shell: Shell) -> None:
    shell.call("-f", "-p", "plone", "-t", "mine")

    assert shell.collections() == {"mine-1": ("mine",)}
    assert shell.names("mine") == PLONE


def test_a_profile_beats_the_default_profile(shell: Shell) -> None:
    shell.call("-f", "-p", "plone", default_profile="django")

    assert shell.collections() == {"plone-1": ("plone",)}


def test_a_target_alone_is_filled_by_the_default_profile(shell: Shell) -> None:
    shell.call("-f", "-t", "mine", default_profile="django")

    assert shell.names("mine") == DJANGO


def test_a_target_without_any_profile_is_filled_with_plone(shell: Shell) -> None:
    shell.call("-f", "-t", "mine")

    assert shell.names("mine") == PLONE


def test_a_default_profile_that_does_not_exist_is_named_with_its_setting(shell: Shell) -> None:
    ended = shell.call("-f", default_profile="rails")

    assert ended.code == 2
    assert ended.error == "DEFAULT_PROFILE: there is no profile 'rails'; there are django, fastapi, flask, plone"


def test_several_classifiers_mean_any_of_them_and_all_below_them(shell: Shell) -> None:
    ended = shell.call("-f", "-ft", "Framework :: Plone", "-ft", " Framework :: Django ", "-t", "mine")

    assert ended.code == 0
    assert shell.names("mine") == sorted([*PLONE, *DJANGO])


def test_a_classifier_warns_once_that_profiles_are_the_way(shell: Shell) -> None:
    ended = shell.call("-f", "-ft", "Framework :: Plone", "-ft", "Framework :: Flask", "-t", "mine", "--dry-run")

    assert re.findall("Warning: .*", ended.err) == [
        "Warning: -ft is deprecated; name the classifiers in a profile (PROFILES_FILE)."
    ]


def test_everything_is_read_where_no_plone_filter_is_confirmed(shell: Shell) -> None:
    ended = shell.call("-f", "--no-plone-filter", "-t", "all", "--yes")

    assert ended.code == 0
    assert shell.names("all") == sorted([*PLONE, *DJANGO, "flask-thing", "plonesque", "unframed"])


def test_a_dry_run_of_everything_needs_no_confirmation(shell: Shell) -> None:
    ended = shell.call("-f", "--no-plone-filter", "-t", "all", "--dry-run")

    assert (ended.code, shell.collections()) == (0, {})
