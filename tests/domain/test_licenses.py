import pytest
from packaging.licenses import canonicalize_license_expression
from trove_classifiers import classifiers as trove

from pyf.aggregator.domain import licenses
from pyf.aggregator.domain.licenses import to_spdx

MIT = "License :: OSI Approved :: MIT License"
BSD = "License :: OSI Approved :: BSD License"


@pytest.mark.parametrize(
    ("expression", "classifiers", "text", "told"),
    [
        ("MIT OR Apache-2.0", [BSD], "BSD", "MIT OR Apache-2.0"),
        ("mit or apache-2.0", [], "", "MIT OR Apache-2.0"),
        ("", [], "BSD-3-Clause", "BSD-3-Clause"),
        ("", [], "The MIT License", "MIT"),
        ("", [], "Apache License, Version 2.0", "Apache-2.0"),
        ("", [MIT], "see LICENSE", "MIT"),
        ("", [MIT, "License :: OSI Approved"], "", "MIT"),
        ("", [BSD], "", ""),
        ("", [MIT, BSD], "", ""),
        ("", [], "", ""),
        ("not an expression", [], "Permission is hereby granted " * 100, ""),
    ],
)
def test_to_spdx(expression: str, classifiers: list[str], text: str, told: str) -> None:
    assert to_spdx(expression=expression, classifiers=tuple(classifiers), text=text) == told


def test_every_classifier_that_is_mapped_is_published() -> None:
    assert {f"License :: {name}" for name in licenses._BY_CLASSIFIER} <= set(trove)


def test_every_identifier_that_is_given_is_spdx() -> None:
    for identifier in {*licenses._BY_CLASSIFIER.values(), *licenses._BY_TEXT.values()}:
        assert canonicalize_license_expression(identifier) == identifier
