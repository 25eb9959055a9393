"""Effects of the settings of the index and of configuration files; each setting must have such a test."""

from pathlib import Path
from typing import Any

import pytest

from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.settings import SETTINGS
from support.cli_runner import CommandRunner
from support.setting_coverage import covers_setting, find_tested_settings

PROFILE = """
profiles:
  unpaid: {classifiers: ["Framework :: Plonesque"]}
  flask: {name: Mine, classifiers: ["Framework :: Django"]}
"""


def test_every_setting_has_an_effect_test() -> None:
    assert find_tested_settings() == SETTINGS.keys()


@covers_setting("default_profile")
def test_default_profile(shell: CommandRunner) -> None:
    shell.invoke("-f", default_profile="flask")

    assert shell.list_names("flask") == ["flask-thing"]


@covers_setting("profiles_file")
def test_profiles_file(shell: CommandRunner) -> None:
    (shell.folder / "mine.yaml").write_text(PROFILE)

    for profile in ("unpaid", "flask", "plone"):
        shell.invoke("-f", "-p", profile, profiles_file="mine.yaml")

    assert shell.list_names("unpaid") == ["plonesque"]
    assert shell.list_names("flask") == ["django-blog", "django-shop"]
    assert "plone-api" in shell.list_names("plone")


@covers_setting("synonyms_file")
def test_synonyms_file(shell: CommandRunner) -> None:
    shell.invoke("-f", "-p", "plone")
    (shell.folder / "mine.yaml").write_text("synonyms: [[zebras, plone.api]]")
    (shell.folder / "wrong.yaml").write_text("synonyms: zebras")

    known = shell.invoke("zebras", "-p", "plone", "--json", command="pyfsearch", synonyms_file="mine.yaml")
    unknown = shell.invoke("zebras", "-p", "plone", "--json", command="pyfsearch")
    wrong = shell.invoke("zebras", "-p", "plone", command="pyfsearch", synonyms_file="wrong.yaml")

    assert (known.report["hits"][0]["name"], unknown.report["total"]) == ("Plone.Api", 0)
    assert (wrong.code, wrong.error) == (
        2,
        "SYNONYMS_FILE wrong.yaml: 'synonyms:' must be a list of lists of phrases that mean the same",
    )


@covers_setting("sqlite_path")
def test_sqlite_path(shell: CommandRunner) -> None:
    result = shell.invoke("-f", "-p", "flask", sqlite_path="~/deep/in/mine.db", home=shell.folder)

    assert result.code == 0
    assert (shell.folder / "deep/in/mine.db").exists()
    assert not (shell.folder / "index.sqlite3").exists()


def test_sqlite_path_default(shell: CommandRunner) -> None:
    shell.invoke("-f", "-p", "flask", sqlite_path="", xdg_data_home=shell.folder / "data", home=shell.folder)

    (index,) = shell.folder.rglob("pyf.sqlite3")
    assert index.parent.name == "pyf.aggregator"


@covers_setting("descriptions")
@pytest.mark.parametrize(("descriptions", "with_readme"), [("newest", ["1.1"]), ("all", ["1.1", "1.0"])])
def test_descriptions(shell: CommandRunner, descriptions: str, with_readme: list[str]) -> None:
    shell.invoke("-f", "-p", "django", "-fn", "shop", descriptions=descriptions)

    releases: Any = shell.invoke("--show", "django-shop", "-p", "django", "--all-versions").report
    assert [release["version"] for release in releases if "<em>things</em>" in release["description"]] == with_readme


@covers_setting("health_file")
def test_health_file(shell: CommandRunner) -> None:
    (shell.folder / "mine.yaml").write_text("caps: {inactive: {at_most: 3}}\nmodels: {basic: {metadata: 0}}\n")
    shell.invoke("-f", "-p", "flask")

    ours, theirs = (
        shell.invoke("--explain", "flask-thing", "-p", "flask", "--json", health_file=file).report
        for file in ("", "mine.yaml")
    )

    assert ours["stored_health_score"] == theirs["stored_health_score"] == ours["health_score"]
    assert "metadata" in ours["health_score_breakdown"]
    assert "metadata" not in theirs["health_score_breakdown"]


def test_dotenv_file(shell: CommandRunner, pypi: LocalPyPI) -> None:
    (shell.folder / ".env").write_text("DEFAULT_PROFILE=flask   # mine\nPYF_CONTACT=ops@example.org\n")

    shell.invoke("-f")

    assert shell.list_names("flask") == ["flask-thing"]
    assert "ops@example.org" in pypi.requests.log[0].user_agent


def test_example_env_is_valid(shell: CommandRunner) -> None:
    example = Path(__file__).parents[3] / "example.env"
    (shell.folder / ".env").write_text(example.read_text("utf-8"))

    assert shell.invoke("-f", "-p", "flask", "--json").report["indexed"] == 1


def test_invalid_setting_makes_no_request(shell: CommandRunner, pypi: LocalPyPI) -> None:
    result = shell.invoke("-f", "-p", "flask", pypi_max_workers="many")

    assert (result.code, pypi.requests.total) == (2, 0)
    assert result.error.startswith("PYPI_MAX_WORKERS='many': ")
