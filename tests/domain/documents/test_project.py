from itertools import permutations

import pytest

from pyf.aggregator.domain.documents.project import File, Metadata, Release, select_newest


def make_release(version: str, *, files: int = 1, yanked: bool = False, uploaded_at: int = 1_700_000_000) -> Release:
    return Release(
        version=version,
        files=tuple(
            File(
                filename=f"x-{version}-{n}.whl",
                url=f"https://files.pypi.example/x-{version}-{n}.whl",
                size=1,
                packagetype="bdist_wheel",
                upload_time=uploaded_at + n,
                sha256="0" * 64,
                yanked=yanked,
            )
            for n in range(files)
        ),
        metadata=Metadata(yanked=yanked),
    )


@pytest.mark.parametrize(
    ("versions", "yanked", "expected"),
    [
        (["1.0", "2.0", "10.0"], [], "10.0"),
        (["1.0", "2.0a1"], [], "1.0"),
        (["1.0a1", "1.0.dev3"], [], "1.0a1"),
        (["1.0", "2.0"], ["2.0"], "1.0"),
        (["1.0", "2.0"], ["1.0", "2.0"], "2.0"),
        (["1.0a1", "2.0"], ["2.0"], "1.0a1"),
        (["not-a-version", "0.0.dev1"], [], "0.0.dev1"),
        (["not-a-version"], [], "not-a-version"),
        (["2024.1", "1!1.0"], [], "1!1.0"),
    ],
)
def test_newest_release_is_pips_choice(versions: list[str], yanked: list[str], expected: str) -> None:
    releases = [make_release(version, yanked=version in yanked) for version in versions]

    assert {select_newest(order).version for order in permutations(releases)} == {expected}


@pytest.mark.parametrize(
    ("with_files", "without_files", "expected"),
    [
        (["1.0"], ["2.0"], "1.0"),
        (["1.0a1"], ["1.0"], "1.0a1"),
        ([], ["1.0", "2.0"], "2.0"),
        (["1.0", "1.5"], ["0.9", "2.0"], "1.5"),
    ],
)
def test_release_without_files_is_not_the_newest(
    with_files: list[str], without_files: list[str], expected: str
) -> None:
    releases = [*map(make_release, with_files), *(make_release(version, files=0) for version in without_files)]

    assert {select_newest(order).version for order in permutations(releases)} == {expected}


def test_yanked_release_is_newer_than_one_without_files() -> None:
    assert select_newest([make_release("2.0", files=0), make_release("1.0", yanked=True)]).version == "1.0"


@pytest.mark.parametrize("latest", ["1", "1.0", "1.0.0"])
def test_registry_chooses_among_spellings_of_one_version(latest: str) -> None:
    releases = [make_release("0.9"), *map(make_release, ("1", "1.0", "1.0.0"))]

    assert {select_newest(order, latest).version for order in permutations(releases)} == {latest}


def test_later_upload_is_the_newest_of_equal_versions() -> None:
    releases = [make_release("1", uploaded_at=30), make_release("1.0", uploaded_at=40), make_release("1.0.0")]

    assert {select_newest(order, "0.9").version for order in permutations(releases[:2])} == {"1.0"}


def test_release_time_is_that_of_first_file() -> None:
    assert make_release("1.0", files=3, uploaded_at=1000).upload_timestamp == 1000


def test_release_without_files_has_no_time() -> None:
    assert make_release("1.0", files=0).upload_timestamp == 0


def test_partly_yanked_release_is_not_yanked() -> None:
    whole, half = make_release("1.0", files=2, yanked=True), make_release("1.0", files=2)
    mixed = Release(version="1.0", files=(whole.files[0], half.files[1]))

    assert whole.is_yanked
    assert not mixed.is_yanked


def test_release_without_files_is_yanked_by_metadata() -> None:
    assert make_release("1.0", files=0, yanked=True).is_yanked
