"""Generated values of API keys."""

from pyf.aggregator.adapters.api_keys import generate_key


def test_generated_key_is_never_read_as_an_option() -> None:
    keys = {generate_key() for _ in range(500)}

    assert len(keys) == 500
    assert all(len(key) == 32 and key.isascii() and key.isalnum() for key in keys)
