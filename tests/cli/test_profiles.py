"""Built-in profiles, profiles of a file, and messages for each mistake in a file."""

import re
from datetime import date
from pathlib import Path

import pytest
from packaging.version import Version
from trove_classifiers import classifiers as published

from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner
from support.config_files import assert_file_is_rejected

ONE = 'profiles: {mine: {name: "Mine", classifiers: ["Framework :: Mine", " Framework :: Ours "]}}'


def test_built_in_classifiers_exist() -> None:
    profiles = load_profiles()

    assert profiles.keys() >= {"django", "fastapi", "flask", "plone"}
    assert all(classifier in published for profile in profiles.values() for classifier in profile.classifiers)


def test_file_extends_built_in_profiles(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(ONE)

    profiles = load_profiles(str(file))

    assert profiles.keys() == {*load_profiles(), "mine"}
    mine = profiles["mine"]
    assert (mine.key, mine.name, mine.classifiers) == ("mine", "Mine", ("Framework :: Mine", "Framework :: Ours"))


FURTHER = """
profiles:
  mine:
    requires: [Zope.Interface, zope_interface, Flask]
    names: ["Flask_*", "*.flask"]
    include: {Flask: "it is  the framework"}
    exclude: {Flask.Spam: it sells watches}
"""


def test_profile_values_are_normalized(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(FURTHER)

    mine = load_profiles(str(tmp_path / "mine.yaml"))["mine"].filter

    assert (mine.profile, mine.classifiers, mine.strict) == ("mine", (), False)
    assert mine.requires == ("zope-interface", "flask")
    assert mine.names == ("flask-*", "*-flask")
    assert (mine.include, mine.exclude) == ({"flask": "it is the framework"}, {"flask-spam": "it sells watches"})


def test_requirement_profile_needs_no_classifier(shell: CommandRunner, pypi: LocalPyPI) -> None:
    pypi.registry.publish("Streamlit-Thing", "1.0", info={"requires_dist": ["streamlit"]})
    (shell.folder / "mine.yaml").write_text("profiles: {streamlit: {requires: [streamlit], names: [streamlit-*]}}")

    result = shell.invoke("-f", "-p", "streamlit", profiles_file="mine.yaml")

    assert (result.code, shell.list_names("streamlit")) == (0, ["streamlit-thing"])
    assert pypi.requests.by_kind["browse"] == 0


def test_name_defaults_to_key(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("profiles: {mine: {classifiers: [A]}}")

    assert load_profiles(str(file))["mine"].name == "mine"


def test_file_with_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(ONE, encoding="utf-8-sig")

    assert "mine" in load_profiles(str(file))


def test_end_of_support_dates_are_read(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"{ONE[:-2]}, releases: {{'1.0': 2026-12-31, '2.0': null}}}}}}")

    mine = load_profiles(str(file))["mine"]

    assert mine.releases == {"1.0": date(2026, 12, 31), "2.0": None}
    assert mine.frameworks == ("Mine", "Ours")


def test_built_in_versions_have_classifiers() -> None:
    for profile in load_profiles().values():
        for framework in profile.frameworks:
            known = {c.rpartition(" :: ")[2] for c in published if c.startswith(f"Framework :: {framework} :: ")}
            release_numbers = {number for number in known if re.fullmatch(r"\d+\.\d+", number)}
            unknown = set(profile.releases) - known
            assert not unknown, f"no trove classifier Framework :: {framework} :: {', '.join(sorted(unknown))}"
            # Plone 6.3 has a classifier before it has an end of support.
            assert max(release_numbers, key=Version, default="") in ("", *profile.releases, "6.3")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"profiles: {mine: [", "not YAML"),
        (b"profiles: {mine: \x00}", "not YAML"),
        (b"since: 2026-13-45", "not YAML"),
        (b"[" * 1000, "not YAML"),
        (b"\xff\xfe", "not UTF-8 text"),
        (b"", "needs 'profiles:'"),
        (b"- plone", "needs 'profiles:'"),
        (b"profiles:", "needs 'profiles:'"),
        (b"profiles: [plone]", "needs 'profiles:'"),
        (b"profiles: {}", "needs 'profiles:'"),
        (b"profiles: {mine: }", "profile mine: must be a mapping with 'name:' and 'classifiers:'"),
        (b"profiles: {mine: {name: Mine}}", "profile mine: 'classifiers:' must be a list"),
        (b"profiles: {mine: {classifiers: A}}", "profile mine: 'classifiers:' must be a list"),
        (b"profiles: {mine: {classifiers: []}}", "profile mine: 'classifiers:' must be a list"),
        (b"profiles: {mine: {classifiers: [A, '']}}", "profile mine: 'classifiers:' must be a list"),
        (b"profiles: {mine: {classifiers: [A, 3]}}", "profile mine: 'classifiers:' must be a list"),
        (b"profiles: {mine: {requires: []}}", "profile mine: 'classifiers:' must be a list"),
        (b"profiles: {mine: {requires: [a], strict: true}}", "profile mine: 'classifiers:' must be a list"),
        (b"profiles: {mine: {requires: [a], classifiers: []}}", "profile mine: 'classifiers:' must be a list"),
        (b"profiles: {mine: {requires: flask}}", "profile mine: 'requires:' must be a list of names"),
        (b"profiles: {mine: {requires: [flask, 3]}}", "profile mine: 'requires:' must be a list of names"),
        (
            b"profiles: {mine: {requires: ['flask>=2']}}",
            "profile mine: 'requires:' has 'flask>=2', which is not a valid project name",
        ),
        (b"profiles: {mine: {classifiers: [A], names: ['ab-*']}}", "profile mine: 'names:' needs 'requires:'"),
        (b"profiles: {mine: {requires: [a], names: ['*']}}", "'names:' has '*', which is not a valid pattern"),
        (b"profiles: {mine: {requires: [a], names: ['a*']}}", "'names:' has 'a*', which is not a valid pattern"),
        (b"profiles: {mine: {requires: [a], names: ['a b']}}", "'names:' has 'a b', which is not a valid pattern"),
        (b"profiles: {mine: {requires: [a], names: ['[ab]c']}}", "'names:' has '[ab]c', which is not a valid pattern"),
        (b"profiles: {mine: {requires: [a], include: [b]}}", "'include:' must have a reason for each project"),
        (b"profiles: {mine: {requires: [a], exclude: {b: ''}}}", "'exclude:' must have a reason for each project"),
        (
            b"profiles: {mine: {requires: [a], exclude: {'b c': d}}}",
            "'exclude:' has 'b c', which is not a valid project name",
        ),
        (b"profiles: {mine: {requires: [a], include: {B.c: d}, exclude: {b_c: d}}}", "includes and excludes b-c"),
        (b"profiles: {mine: {classifiers: [A], strict: maybe}}", "'strict:' must be true or false"),
        (b"profiles: {mine: {classifiers: [A], clasifiers: [B]}}", "profile mine: unknown keys: clasifiers"),
        (b"profiles: {mine: {classifiers: [A], releases: [1.0]}}", "profile mine: 'releases:' must give the end"),
        (b"profiles: {mine: {classifiers: [A], releases: {1.0: null}}}", "profile mine: 'releases:' must give the end"),
        (
            b"profiles: {mine: {classifiers: [A], releases: {'1.0': soon}}}",
            "profile mine: 'releases:' must give the end",
        ),
        (
            b"profiles: {mine: {classifiers: [A], releases: {'1.x': null}}}",
            "profile mine: 'releases:' must give the end",
        ),
    ],
)
def test_invalid_file_error_names_file_and_position(tmp_path: Path, content: bytes, message: str) -> None:
    assert_file_is_rejected(load_profiles, tmp_path / "mine.yaml", content, "PROFILES_FILE", message)


@pytest.mark.parametrize("path", ["missing.yaml", ".", "~nobody-has-this-name/mine.yaml"])
def test_unreadable_file_is_one_line_error(shell: CommandRunner, path: str) -> None:
    result = shell.invoke("-f", "-p", "plone", profiles_file=path)

    assert (result.code, result.error.startswith(f"PROFILES_FILE {path}: ")) == (2, True)


def test_unknown_profile_lists_known_profiles(shell: CommandRunner) -> None:
    (shell.folder / "mine.yaml").write_text(ONE)

    result = shell.invoke("-f", "-p", "Plone", profiles_file="mine.yaml")

    assert result.code == 2
    known = ", ".join(sorted([*load_profiles(), "mine"]))
    assert result.error == f"there is no profile 'Plone'; there are {known}. Did you mean plone?"


def test_invalid_collection_key_requires_target(shell: CommandRunner) -> None:
    (shell.folder / "mine.yaml").write_text('profiles: {my own: {classifiers: ["Framework :: Flask"]}}')

    refusal = shell.invoke("-f", "-p", "my own", profiles_file="mine.yaml")
    success = shell.invoke("-f", "-p", "my own", "-t", "mine", profiles_file="mine.yaml")

    assert (refusal.code, "is not a valid name of a collection" in refusal.error) == (2, True)
    assert (success.code, shell.list_names("mine")) == (0, ["flask-thing"])


def test_added_classifier_refills_collection(shell: CommandRunner) -> None:
    file = shell.folder / "mine.yaml"
    file.write_text('profiles: {mine: {classifiers: ["Framework :: Flask"]}}')
    shell.invoke("-f", "-p", "mine", profiles_file="mine.yaml")

    file.write_text('profiles: {mine: {classifiers: ["Framework :: Flask", "Framework :: Django"]}}')
    result = shell.invoke("-i", "-p", "mine", profiles_file="mine.yaml")

    assert (result.code, shell.list_names("mine")) == (0, ["django-blog", "django-shop", "flask-thing"])
