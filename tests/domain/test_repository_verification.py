"""Verification of a repository that many projects link to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.repositories import RepositoryRef
from pyf.aggregator.domain.repository_verification import RepositoryClaim, is_similar_name, is_verified

TEMPLATE = RepositoryRef("github.com", "audreyr", "cookiecutter-pypackage")
UNRELATED_CLAIMS = [RepositoryClaim(project=name, users=(name,)) for name in ("ab", "cd", "ef", "gh", "ij", "kl", "mn")]


def test_shared_template_is_not_verified() -> None:
    assert not is_verified(TEMPLATE, UNRELATED_CLAIMS)


def test_few_packages_can_share_repository() -> None:
    assert is_verified(TEMPLATE, UNRELATED_CLAIMS[:5])
    assert not is_verified(TEMPLATE, UNRELATED_CLAIMS[:6])


def test_package_named_like_repository_verifies_all() -> None:
    assert is_verified(TEMPLATE, [*UNRELATED_CLAIMS, RepositoryClaim(project="cookiecutter-pypackage")])


def test_monorepo_packages_match_repository_or_owner() -> None:
    mono = RepositoryRef("github.com", "Azure", "sdk-for-python")

    assert is_verified(mono, [RepositoryClaim(project=f"azure-{part}", users=(part,)) for part in "abcdefgh"])


def test_projects_that_a_user_may_publish_are_related() -> None:
    by_one = [RepositoryClaim(project=f"{letter * 4}", users=("ada", letter)) for letter in "abcdefghij"]
    chained = [RepositoryClaim(project=f"{n}{n}{n}{n}", users=(f"u{n}", f"u{n + 1}")) for n in range(9)]

    assert is_verified(TEMPLATE, by_one)
    assert is_verified(TEMPLATE, chained)
    assert not is_verified(TEMPLATE, [RepositoryClaim(project=claim.project) for claim in by_one])


@given(
    st.permutations(
        [
            *UNRELATED_CLAIMS,
            RepositoryClaim(project="x1", users=("ab", "cd")),
            RepositoryClaim(project="x2", users=("ef",)),
        ]
    )
)
def test_unrelated_claims_verify_nothing_in_any_order(claims: list[RepositoryClaim]) -> None:
    assert not is_verified(TEMPLATE, claims)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("plone-api", "plone.api"), ("LineageTree", "lineagetree"), ("napari-plot-profile", "napari_plot"),
        ("plone.app.x", "plone"), ("products-cmfplone", "Products.CMFPlone"), ("flask-restful", "Flask-RESTful"),
    ],
)  # fmt: skip
def test_names_resemble_each_other_however_they_are_written(one: str, other: str) -> None:
    assert is_similar_name(one, other)
    assert is_similar_name(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("happy-templates", "app"), ("a", "a-b"), ("django-x", "cookiecutter-django-pkg"), ("", ""), ("-", "")],
)
def test_names_that_share_letters_by_chance_do_not(one: str, other: str) -> None:
    assert not is_similar_name(one, other)
    assert not is_similar_name(other, one)
