import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.documents.people import parse_person_names
from pyf.aggregator.domain.email_masking import mask_emails


@pytest.mark.parametrize(
    ("published", "names"),
    [
        (["Ada Lovelace", "Ada Lovelace <ada@x.example>"], ("Ada Lovelace",)),
        (['"Ada Lovelace" <ada@x.example>, Bob <bob@x.example>'], ("Ada Lovelace", "Bob")),
        (["ada@x.example"], ()),
        (["ada@x.example, bob@x.example"], ()),
        (["Ada (ada@x.example)"], ("Ada",)),
        (["Plone Foundation, Inc."], ("Plone Foundation, Inc.",)),
        (["", "  "], ()),
        (['"Example, Inc." <a@x.example>, "Two, Inc." <b@x.example>'], ("Example, Inc.", "Two, Inc.")),
        (["Example, Inc. <a@x.example>, Ada <b@x.example>"], ("Example, Inc.", "Ada")),
        (["ada@x.example (Ada Lovelace)"], ("Ada Lovelace",)),
        (["ada@x.example (Ada Lovelace), bob@x.example (Bob)"], ("Ada Lovelace", "Bob")),
        (["A <a@x.example>; B <b@x.example>"], ("A", "B")),
        (["A <a@x.example>\nB <b@x.example>"], ("A", "B")),
        (["A <a@x.example> and B <b@x.example>"], ("A", "B")),
        (['"Smith; John" <j@x.example>; B <b@x.example>'], ("Smith; John", "B")),
        (["=?utf-8?q?Andr=C3=A9?= <a@x.example>"], ("Andr\xe9",)),
        (["=?utf-8?Q?Kov=C3=A1cs=2C_B=C3=A9la?= <k@x.example>"], ("Kov\xe1cs, B\xe9la",)),
        (["=?iso-8859-1?b?QW5kcuk=?="], ("Andr\xe9",)),
        (["=?no-such-charset?q?Ada?= <a@x.example>"], ("=?no-such-charset?q?Ada?=",)),
        (["Ada Lovelace, Bob <b@x.example>"], ("Ada Lovelace", "Bob")),
        (["Team: A <a@x.example>, B <b@x.example>;"], ("A", "B")),
        (["Ada <ada@x.example"], ("Ada",)),
    ],
)
def test_people_are_named_without_their_addresses(published: list[str], names: tuple[str, ...]) -> None:
    assert parse_person_names(published) == names


@pytest.mark.parametrize("piece", ["a@a.b", "(@", "<", '"@', "\\@", "=?a?q?@", "a@b (", '",@'])
def test_field_of_a_million_characters_takes_no_time(piece: str) -> None:
    parse_person_names([piece * (1_000_000 // len(piece))])


@given(st.text() | st.text("aB@.,;()<>\"'\\ =?q\n", max_size=60))
def test_no_field_fails_or_shows_an_address(field: str) -> None:
    assert all(name.strip() == name != "" and mask_emails(name) == name for name in parse_person_names([field]))
