"""E-mail addresses are kept to those who were given them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.addresses import MASK, html_without_addresses, people, without_addresses


@pytest.mark.parametrize(
    "address",
    ["ada@lovelace.example", "a.b-c+d@sub.host.example", "ADA@X.ORG", "o'brien@mail.example", "größe@straße.example"],
)
@pytest.mark.parametrize("around", ["{}", "Write to {}.", "<{}>", "(mailto:{})", "a,{};b", "{}\n{}"])
def test_an_address_is_masked_wherever_it_stands(address: str, around: str) -> None:
    assert without_addresses(around.replace("{}", address)) == around.replace("{}", MASK)


@pytest.mark.parametrize(
    "text",
    [
        "git@github.com:plone/plone.api.git",
        "git+ssh://git@github.com/plone/plone.api",
        "@app.route",
        "@ada@social.example",
        "foo@1.2.3",
        "user@host",
        "a @ b.example",
        "",
    ],
)
def test_what_is_no_address_stays(text: str) -> None:
    assert without_addresses(text) == text


@pytest.mark.parametrize("piece", ["a", "a.", "a@", "@a", "a@a.", "a@a.b", "-@-.", "a+'", "{", "<", "(a"])
def test_text_of_a_million_characters_is_looked_through(piece: str) -> None:
    """In steps that grow with its length; by its square this would take hours."""
    text = piece * (1_000_000 // len(piece))

    assert without_addresses(text)
    people([text])


@given(st.text(alphabet="ab.@<>\"' +-:x", max_size=60))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = without_addresses(text)

    assert without_addresses(once) == once


def test_a_link_to_write_to_somebody_leads_nowhere() -> None:
    html = '<p><a href="mailto:ada%40x.example?subject=hi">Ada</a> <a href="https://x.example/">x</a> ada@x.example</p>'

    assert html_without_addresses(html) == f'<p><a>Ada</a> <a href="https://x.example/">x</a> {MASK}</p>'


@pytest.mark.parametrize(
    ("published", "names"),
    [
        (["Ada Lovelace", "Ada Lovelace <ada@x.example>"], ("Ada Lovelace",)),
        (['"Ada Lovelace" <ada@x.example>, Bob <bob@x.example>'], ("Ada Lovelace", "Bob")),
        (["ada@x.example"], ()),
        (["Ada (ada@x.example)"], ("Ada",)),
        (["Plone Foundation, Inc."], ("Plone Foundation, Inc.",)),
        (["", "  "], ()),
    ],
)
def test_people_are_named_without_their_addresses(published: list[str], names: tuple[str, ...]) -> None:
    assert people(published) == names
