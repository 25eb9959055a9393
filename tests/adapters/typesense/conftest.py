"""A local Typesense server."""

from collections.abc import Iterator

import pytest

from support.typesense_fake import LocalTypesense


@pytest.fixture
def local() -> Iterator[LocalTypesense]:
    """An empty server; the one of TYPESENSE_TEST_URL if that is set."""
    with LocalTypesense() as local:
        yield local
