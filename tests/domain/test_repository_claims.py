"""When a repository that many projects name is believed to be theirs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.repository_address import RepositoryAddress
from pyf.aggregator.domain.repository_claims import Claim, is_verified, resemble

TEMPLATE = RepositoryAddress("github.com", "audreyr", "cookiecutter-pypackage")
STRANGERS = [Claim(project=name, people=(name,)) for name in ("ab", "cd", "ef", "gh", "ij", "kl", "mn")]


def test_a_template_that_strangers_name_is_not_theirs() -> None:
    assert not is_verified(TEMPLATE, STRANGERS)


def test_a_handful_of_projects_may_share_a_repository() -> None:
    assert is_verified(TEMPLATE, STRANGERS[:5])
    assert not is_verified(TEMPLATE, STRANGERS[:6])


def test_a_project_with_the_repositorys_name_vouches_for_all_of_them() -> None:
    assert is_verified(TEMPLATE, [*STRANGERS, Claim(project="cookiecutter-pypackage")])


def test_the_parts_of_a_monorepo_are_called_like_it_or_like_its_owner() -> None:
    mono = RepositoryAddress("github.com", "Azure", "sdk-for-python")

    assert is_verified(mono, [Claim(project=f"azure-{part}", people=(part,)) for part in "abcdefgh"])


def test_projects_that_a_user_may_publish_are_related() -> None:
    by_one = [Claim(project=f"{letter * 4}", people=("ada", letter)) for letter in "abcdefghij"]
    chained = [Claim(project=f"{n}{n}{n}{n}", people=(f"u{n}", f"u{n + 1}")) for n in range(9)]

    assert is_verified(TEMPLATE, by_one)
    assert is_verified(TEMPLATE, chained)
    assert not is_verified(TEMPLATE, [Claim(project=claim.project) for claim in by_one])


@given(st.permutations([*STRANGERS, Claim(project="x1", people=("ab", "cd")), Claim(project="x2", people=("ef",))]))
def test_the_order_of_the_claims_says_nothing(claims: list[Claim]) -> None:
    assert not is_verified(TEMPLATE, claims)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("plone-api", "plone.api"), ("LineageTree", "lineagetree"), ("napari-plot-profile", "napari_plot"),
        ("plone.app.x", "plone"), ("products-cmfplone", "Products.CMFPlone"), ("flask-restful", "Flask-RESTful"),
    ],
)  # fmt: skip
def test_names_resemble_each_other_however_they_are_written(one: str, other: str) -> None:
    assert resemble(one, other)
    assert resemble(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("happy-templates", "app"), ("a", "a-b"), ("django-x", "cookiecutter-django-pkg"), ("", ""), ("-", "")],
)
def test_names_that_share_letters_by_chance_do_not(one: str, other: str) -> None:
    assert not resemble(one, other)
    assert not resemble(other, one)
