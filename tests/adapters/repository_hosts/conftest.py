"""The pauses of a client that does not wait."""

import pytest


@pytest.fixture
def pauses() -> list[float]:
    return []
