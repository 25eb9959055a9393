"""Profiles: the built-in ones, those of a file, and every mistake a file can hold."""

import re
from datetime import date
from pathlib import Path

import pytest
from packaging.version import Version
from trove_classifiers import classifiers as published

from pyf.aggregator.adapters.profiles import load_profiles
from pyf.aggregator.domain.errors import Invalid
from pyf.aggregator.sample.services import LocalPyPI
from shell import Shell

ONE = 'profiles: {mine: {name: "Mine", classifiers: ["Framework :: Mine", " Framework :: Ours "]}}'


def test_the_built_in_profiles_hold_classifiers_that_exist() -> None:
    profiles = load_profiles()

    assert sorted(profiles) == ["django", "fastapi", "flask", "plone"]
    assert all(classifier in published for profile in profiles.values() for classifier in profile.classifiers)


def test_a_file_adds_its_profiles_to_the_built_in_ones(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(ONE)

    profiles = load_profiles(str(file))

    assert sorted(profiles) == ["django", "fastapi", "flask", "mine", "plone"]
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


def test_what_a_profile_says_beyond_classifiers_is_normalised(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(FURTHER)

    mine = load_profiles(str(tmp_path / "mine.yaml"))["mine"].filter

    assert (mine.profile, mine.classifiers, mine.strict) == ("mine", (), False)
    assert mine.requires == ("zope-interface", "flask")
    assert mine.names == ("flask-*", "*-flask")
    assert (mine.include, mine.exclude) == ({"flask": "it is the framework"}, {"flask-spam": "it sells watches"})


def test_a_profile_needs_no_classifier_where_it_has_a_requirement(shell: Shell, pypi: LocalPyPI) -> None:
    pypi.ecosystem.publish("Streamlit-Thing", "1.0", info={"requires_dist": ["streamlit"]})
    (shell.folder / "mine.yaml").write_text("profiles: {streamlit: {requires: [streamlit], names: [streamlit-*]}}")

    ended = shell.call("-f", "-p", "streamlit", profiles_file="mine.yaml")

    assert (ended.code, shell.names("streamlit")) == (0, ["streamlit-thing"])
    assert pypi.requests.by_kind["browse"] == 0


def test_a_profile_without_a_name_is_called_by_its_key(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("profiles: {mine: {classifiers: [A]}}")

    assert load_profiles(str(file))["mine"].name == "mine"


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(ONE, encoding="utf-8-sig")

    assert "mine" in load_profiles(str(file))


def test_a_profile_may_say_when_the_support_of_its_frameworks_releases_ends(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"{ONE[:-2]}, releases: {{'1.0': 2026-12-31, '2.0': null}}}}}}")

    mine = load_profiles(str(file))["mine"]

    assert mine.releases == {"1.0": date(2026, 12, 31), "2.0": None}
    assert mine.frameworks == ("Mine", "Ours")


def test_the_releases_of_the_built_in_profiles_are_those_that_have_classifiers() -> None:
    for profile in load_profiles().values():
        for framework in profile.frameworks:
            known = {c.rpartition(" :: ")[2] for c in published if c.startswith(f"Framework :: {framework} :: ")}
            named = {number for number in known if re.fullmatch(r"\d+\.\d+", number)}
            assert set(profile.releases) <= known
            assert max(named, key=Version, default="") in ("", *profile.releases, "6.3")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"profiles: {mine: [", "not YAML"),
        (b"profiles: {mine: \x00}", "not YAML"),
        (b"since: 2026-13-45", "not YAML"),
        (b"[" * 1000, "not YAML"),
        (b"\xff\xfe", "not UTF-8 text"),
        (b"", "has no 'profiles:'"),
        (b"- plone", "has no 'profiles:'"),
        (b"profiles:", "has no 'profiles:'"),
        (b"profiles: [plone]", "has no 'profiles:'"),
        (b"profiles: {}", "has no 'profiles:'"),
        (b"profiles: {mine: }", "profile mine: must hold 'name:' and 'classifiers:'"),
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
        (b"profiles: {mine: {requires: ['flask>=2']}}", "profile mine: 'requires:' has 'flask>=2', which is no name"),
        (b"profiles: {mine: {classifiers: [A], names: ['ab-*']}}", "profile mine: 'names:' needs 'requires:'"),
        (b"profiles: {mine: {requires: [a], names: ['*']}}", "'names:' has '*', which is no pattern"),
        (b"profiles: {mine: {requires: [a], names: ['a*']}}", "'names:' has 'a*', which is no pattern"),
        (b"profiles: {mine: {requires: [a], names: ['a b']}}", "'names:' has 'a b', which is no pattern"),
        (b"profiles: {mine: {requires: [a], names: ['[ab]c']}}", "'names:' has '[ab]c', which is no pattern"),
        (b"profiles: {mine: {requires: [a], include: [b]}}", "'include:' must hold a reason for each project"),
        (b"profiles: {mine: {requires: [a], exclude: {b: ''}}}", "'exclude:' must hold a reason for each project"),
        (b"profiles: {mine: {requires: [a], exclude: {'b c': d}}}", "'exclude:' has 'b c', which is no name"),
        (b"profiles: {mine: {requires: [a], include: {B.c: d}, exclude: {b_c: d}}}", "includes and excludes b-c"),
        (b"profiles: {mine: {classifiers: [A], strict: maybe}}", "'strict:' must be true or false"),
        (b"profiles: {mine: {classifiers: [A], clasifiers: [B]}}", "profile mine: does not know clasifiers"),
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
def test_a_mistake_is_one_line_that_names_file_and_place(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes(content)

    with pytest.raises(Invalid) as refusal:
        load_profiles(str(file))

    assert str(refusal.value).startswith(f"PROFILES_FILE {file}: ")
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("path", ["missing.yaml", ".", "~nobody-has-this-name/mine.yaml"])
def test_a_file_that_cannot_be_read_is_one_line(shell: Shell, path: str) -> None:
    ended = shell.call("-f", "-p", "plone", profiles_file=path)

    assert (ended.code, ended.error.startswith(f"PROFILES_FILE {path}: ")) == (2, True)


def test_an_unknown_profile_says_which_exist(shell: Shell) -> None:
    (shell.folder / "mine.yaml").write_text(ONE)

    ended = shell.call("-f", "-p", "Plone", profiles_file="mine.yaml")

    assert ended.code == 2
    assert ended.error == "there is no profile 'Plone'; there are django, fastapi, flask, mine, plone"


def test_a_key_that_can_be_no_collection_needs_a_target(shell: Shell) -> None:
    (shell.folder / "mine.yaml").write_text('profiles: {my own: {classifiers: ["Framework :: Flask"]}}')

    refused = shell.call("-f", "-p", "my own", profiles_file="mine.yaml")
    taken = shell.call("-f", "-p", "my own", "-t", "mine", profiles_file="mine.yaml")

    assert (refused.code, "can't be the name of a collection" in refused.error) == (2, True)
    assert (taken.code, shell.names("mine")) == (0, ["flask-thing"])


def test_a_profile_that_gains_a_classifier_refills_its_collection(shell: Shell) -> None:
    file = shell.folder / "mine.yaml"
    file.write_text('profiles: {mine: {classifiers: ["Framework :: Flask"]}}')
    shell.call("-f", "-p", "mine", profiles_file="mine.yaml")

    file.write_text('profiles: {mine: {classifiers: ["Framework :: Flask", "Framework :: Django"]}}')
    ended = shell.call("-i", "-p", "mine", profiles_file="mine.yaml")

    assert (ended.code, shell.names("mine")) == (0, ["django-blog", "django-shop", "flask-thing"])
