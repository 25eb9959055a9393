"""E-mail addresses are masked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.email_masking import EMAIL_MASK, mask_emails, mask_emails_in_html


@pytest.mark.parametrize(
    "address",
    ["ada@lovelace.example", "a.b-c+d@sub.host.example", "ADA@X.ORG", "o'brien@mail.example", "größe@straße.example"],
)
@pytest.mark.parametrize("around", ["{}", "Write to {}.", "<{}>", "(mailto:{})", "a,{};b", "{}\n{}"])
def test_email_is_masked_in_any_text(address: str, around: str) -> None:
    assert mask_emails(around.replace("{}", address)) == around.replace("{}", EMAIL_MASK)


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
def test_other_text_is_unchanged(text: str) -> None:
    assert mask_emails(text) == text


@pytest.mark.parametrize("piece", ["a", "a.", "a@", "@a", "a@a.", "a@a.b", "-@-.", "a+'", "{", "<", "(a"])
def test_text_of_a_million_characters_is_looked_through(piece: str) -> None:
    """In steps that grow with its length; by its square this would take hours."""
    text = piece * (1_000_000 // len(piece))

    assert mask_emails(text)


@given(st.text(alphabet="ab.@<>\"' +-:x", max_size=60))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask_emails(text)

    assert mask_emails(once) == once


def test_mailto_link_is_removed() -> None:
    html = '<p><a href="mailto:ada%40x.example?subject=hi">Ada</a> <a href="https://x.example/">x</a> ada@x.example</p>'

    assert mask_emails_in_html(html) == f'<p><a>Ada</a> <a href="https://x.example/">x</a> {EMAIL_MASK}</p>'
