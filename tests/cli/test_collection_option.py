"""The collection of a command and its filter, from options, settings and profiles."""

import re

import pytest

from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner

PLONE = ["collective-one", "collective-two", "plone-api", "plone-volto"]
DJANGO = ["django-blog", "django-shop"]


def test_profile_sets_filter_and_collection(shell: CommandRunner) -> None:
    shell.invoke("-f", "-p", "plone")

    assert shell.list_names("plone") == PLONE
    assert shell.list_collections() == {"plone-1": ("plone",)}


def test_target_overrides_profile_collection(shell: CommandRunner) -> None:
    shell.invoke("-f", "-p", "plone", "-t", "mine")

    assert shell.list_collections() == {"mine-1": ("mine",)}
    assert shell.list_names("mine") == PLONE


def test_profile_overrides_default_profile(shell: CommandRunner) -> None:
    shell.invoke("-f", "-p", "plone", default_profile="django")

    assert shell.list_collections() == {"plone-1": ("plone",)}


def test_target_uses_default_profile_filter(shell: CommandRunner) -> None:
    shell.invoke("-f", "-t", "mine", default_profile="django")

    assert shell.list_names("mine") == DJANGO


def test_target_without_profile_uses_plone(shell: CommandRunner) -> None:
    shell.invoke("-f", "-t", "mine")

    assert shell.list_names("mine") == PLONE


def test_unknown_default_profile_names_setting(shell: CommandRunner) -> None:
    result = shell.invoke("-f", default_profile="rails")

    assert result.code == 2
    assert (
        result.error == f"DEFAULT_PROFILE: there is no profile 'rails'; there are {', '.join(sorted(load_profiles()))}"
    )


def test_several_classifiers_are_alternatives(shell: CommandRunner) -> None:
    result = shell.invoke("-f", "-ft", "Framework :: Plone", "-ft", " Framework :: Django ", "-t", "mine")

    assert result.code == 0
    assert shell.list_names("mine") == sorted([*PLONE, *DJANGO])


def test_filter_troove_warns_once(shell: CommandRunner) -> None:
    result = shell.invoke("-f", "-ft", "Framework :: Plone", "-ft", "Framework :: Flask", "-t", "mine", "--dry-run")

    assert re.findall("Warning: .*", result.err) == [
        "Warning: -ft is deprecated; name the classifiers in a profile (PROFILES_FILE)."
    ]


def test_no_plone_filter_with_yes(shell: CommandRunner) -> None:
    result = shell.invoke("-f", "--no-plone-filter", "-t", "all", "--yes")

    assert result.code == 0
    assert shell.list_names("all") == sorted([*PLONE, *DJANGO, "flask-thing", "plonesque", "unframed"])


def test_no_plone_filter_dry_run_needs_no_confirmation(shell: CommandRunner) -> None:
    result = shell.invoke("-f", "--no-plone-filter", "-t", "all", "--dry-run")

    assert (result.code, shell.list_collections()) == (0, {})


@pytest.mark.parametrize("default_profile", ["", "plone"])
@pytest.mark.parametrize("command", ["pyf", "pyfaggregator"])
def test_target_named_like_a_profile_uses_it(shell: CommandRunner, command: str, default_profile: str) -> None:
    arguments = {"pyf": ["fetch"], "pyfaggregator": ["-f"]}[command]

    result = shell.invoke(*arguments, "-t", "django", command=command, default_profile=default_profile)

    assert (result.code, shell.list_names("django")) == (0, DJANGO)
    assert shell.get_state("django").filter.profile == "django"


def test_stored_filter_wins_over_profile_of_same_name(shell: CommandRunner, pypi: LocalPyPI) -> None:
    shell.invoke("-f", "-ft", "Framework :: Plone", "-t", "django")

    assert shell.invoke("-i", "-t", "django").code == 0
    assert shell.list_names("django") == PLONE


@pytest.mark.parametrize("name", ["djnago", "Django", "flaks", "fast-api"])
def test_mistyped_profile_as_target_is_refused(shell: CommandRunner, name: str) -> None:
    result = shell.invoke("fetch", "-t", name, command="pyf")

    assert (result.code, shell.list_collections()) == (2, {})
    assert f"there is no profile '{name}'. Did you mean " in result.error


@pytest.mark.parametrize("name", ["plone-test", "plone2", "packages1", "django-packages"])
def test_other_new_targets_say_what_fills_them(shell: CommandRunner, name: str) -> None:
    result = shell.invoke("fetch", "-t", name, command="pyf")

    assert (result.code, shell.list_names(name)) == (0, PLONE)
    assert f"collection: {name} (new, Framework :: Plone)" in result.err
