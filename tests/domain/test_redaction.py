"""Which parts of a text are secrets."""

import pytest

from pyf.aggregator.domain.redaction import Redactor, find_url_secrets


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("http://ada:s3cret@m.example", {"s3cret"}),
        ("ftp://ada:s3cret@m.example/path", {"s3cret"}),
        ("ada:s3cret@m.example", {"s3cret"}),
        ("https://a-long-token@m.example", {"a-long-token"}),
        ("http://ada:s3/cr@et@m.example", {"s3/cr@et"}),
        ("http://ada:s%40cret@m.example", {"s%40cret", "s@cret"}),
        ("redis://:s3cret", {"s3cret"}),
        ("redis://:s3cret@queue.example/0", {"s3cret"}),
        ("h/?password=s3cret", {"s3cret"}),
        ("https://h.example/?user=demo&password=an%20other&access_token=t0ken", {"an%20other", "an other", "t0ken"}),
        ("http://a:first1@one.example, http://b:second@two.example", {"first1", "second"}),
        ("https://h.example/?user=demo", set()),
        ("localhost:6379", set()),
        ("[::1]:6379", set()),
    ],
)
def test_secrets_of_urls(url: str, secrets: set[str]) -> None:
    assert set(find_url_secrets(url)) == secrets


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Index: http://u:SECRET@host:8108", "Index: http://***@host:8108"),
        ("can't reach redis://:pw@queue.example/0", "can't reach redis://***@queue.example/0"),
        ("GET /?user=demo&password=short", "GET /?user=demo&password=***"),
        ("Authorization: Basic dTpTRUNSRVQ=", "Authorization: Basic ***"),
        ('{"message": "Bad credentials: ghp_0123456789abcdef"}', '{"message": "Bad credentials: ***"}'),
        ("see https://example.org/@user and mail a@b.example", "see https://example.org/@user and mail a@b.example"),
        ("the basic idea of a bearer token", "the basic idea of a bearer token"),
    ],
)
def test_secret_is_redacted(text: str, redacted: str) -> None:
    assert Redactor().redact(text) == redacted


@pytest.mark.parametrize("spelling", ['p@ss/w"rd', "p%40ss%2Fw%22rd", "p%40ss/w%22rd", 'p@ss/w\\"rd'])
def test_known_secrets_are_redacted_in_every_spelling(spelling: str) -> None:
    redactor = Redactor(['p@ss/w"rd', "p@ss/w"])

    assert redactor.redact_known(f"<{spelling}>") == "<***>"


def test_short_values_are_not_redacted() -> None:
    assert Redactor(["plone"]).redact("plone.api") == "plone.api"
