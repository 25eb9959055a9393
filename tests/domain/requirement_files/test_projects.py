"""Requirement and lock files in the style of public projects: each line gives a package, or one line about it.

`expected.txt` beside the files has the arguments, then a line for each package, and one with "!" for each problem.
"""

from pathlib import Path

import pytest

from pyf.aggregator.cli.actions.checking import read_text
from pyf.aggregator.domain.requirement_files import ListedPackage, PackageList, parse_requirement_file, select_packages

PROJECTS = Path(__file__).parents[2] / "data" / "requirement_files"


def format_package(package: ListedPackage) -> str:
    versions = package.version or package.specifier or ("" if package.source else "*")
    source = f"from {package.source}" if package.source else ""
    return " ".join(text for text in (package.name_normalized, versions, source) if text)


@pytest.mark.parametrize("project", sorted(path.name for path in PROJECTS.iterdir()))
def test_files_of_a_project(project: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECTS / project)
    command, *expected = Path("expected.txt").read_text("utf-8").splitlines()
    arguments, _, python = command.removeprefix("$ ").partition(" --python ")

    lists = [parse_requirement_file(name, read_text(name), read_text) for name in arguments.split()]
    listed = PackageList(
        packages=tuple(package for item in lists for package in item.packages),
        problems=tuple(problem for item in lists for problem in item.problems),
    )
    selected = select_packages(listed, python)

    lines = [*map(format_package, selected.packages), *(f"! {problem}" for problem in selected.problems)]
    assert lines == expected
