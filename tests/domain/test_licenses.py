import pytest
from packaging.licenses import canonicalize_license_expression
from trove_classifiers import classifiers as trove

from pyf.aggregator.domain import licenses
from pyf.aggregator.domain.licenses import to_spdx

MIT = "License :: OSI Approved :: MIT License"
BSD = "License :: OSI Approved :: BSD License"


@pytest.mark.parametrize(
    ("expression", "classifiers", "text", "expected"),
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
def test_to_spdx(expression: str, classifiers: list[str], text: str, expected: str) -> None:
    assert to_spdx(expression=expression, classifiers=tuple(classifiers), text=text) == expected


MIT_TEXT = """MIT License

Copyright (c) 2020 Ada

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND"""
BSD_TEXT = """Copyright Ada. All rights reserved. Redistribution and use in source and binary forms, with or
without modification, are permitted provided that redistributions in binary form must reproduce the above notice{}."""
GPL_NOTICE = """This program is free software: you can redistribute it under the terms of the GNU {}General Public
License as published by the Free Software Foundation, either version {} of the License{}."""


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("The MIT License (MIT)", "MIT"),
        ("MIT (see LICENSE)", "MIT"),
        ("MIT, see LICENSE.txt", "MIT"),
        ("\u2018MIT\u2019", "MIT"),
        ("MIT Licence.", "MIT"),
        ("MIT-License", "MIT"),
        ("License: MIT", "MIT"),
        ("MIT License, Copyright (c) 2020 Ada", "MIT"),
        ("BSD License (3-clause)", "BSD-3-Clause"),
        ("Apache License, Version 2.0 (http://www.apache.org/licenses/LICENSE-2.0)", "Apache-2.0"),
        ("License :: OSI Approved :: MIT License", "MIT"),
        ("https://opensource.org/licenses/MIT", "MIT"),
        ("http://www.apache.org/licenses/LICENSE-2.0.html", "Apache-2.0"),
        ("GPLv3 or later", "GPL-3.0-or-later"),
        ("GPLv3 (or later)", "GPL-3.0-or-later"),
        ("GPL v2 or any later version", "GPL-2.0-or-later"),
        ("GPL (>= 2)", "GPL-2.0-or-later"),
        ("GNU General Public License v3 or later (GPLv3+)", "GPL-3.0-or-later"),
        ("GNU General Public License (GPLv3)", "GPL-3.0-only"),
        ("GNU AGPLv3", "AGPL-3.0-only"),
        ("GNU Affero General Public License v3.0", "AGPL-3.0-only"),
        ("LGPLv2.1+", "LGPL-2.1-or-later"),
        ("GNU Lesser General Public License, Version 3", "LGPL-3.0-only"),
        ('BSD 3-Clause "New" or "Revised" License', "BSD-3-Clause"),
        ('BSD 2-Clause "Simplified" License', "BSD-2-Clause"),
        ("BSD (3-clause)", "BSD-3-Clause"),
        ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
        ("Apache License 2.0 or MIT", "Apache-2.0 OR MIT"),
        ("GPLv2+ / MIT", "GPL-2.0-or-later OR MIT"),
        ("GPL-3.0+", "GPL-3.0-or-later"),
        ("LGPL-2.1", "LGPL-2.1-only"),
        ("MIT OR AGPL-3.0+", "MIT OR AGPL-3.0-or-later"),
        ("GPL-2.0-with-classpath-exception", "GPL-2.0-only WITH Classpath-exception-2.0"),
        (MIT_TEXT, "MIT"),
        (BSD_TEXT.format(""), "BSD-2-Clause"),
        (BSD_TEXT.format(", and names must not be used to endorse or promote products"), "BSD-3-Clause"),
        (GPL_NOTICE.format("", "3", ""), "GPL-3.0-only"),
        (GPL_NOTICE.format("Affero ", "3", ", or (at your option) any later version"), "AGPL-3.0-or-later"),
    ],
)
def test_usual_names_and_texts_of_licenses_are_recognized(text: str, expression: str) -> None:
    assert to_spdx(expression="", classifiers=(), text=text) == expression


@pytest.mark.parametrize("text", ["GPL", "LGPL", "BSD License", "MIT; BSD", "MIT (BSD-3)", "GPLv9", "proprietary", "/"])
def test_ambiguous_names_have_no_expression(text: str) -> None:
    assert to_spdx(expression="", classifiers=(), text=text) == ""


@pytest.mark.parametrize("text", ["GPL-3.0", "gpl-3.0-only", "GPLv3"])
def test_deprecated_license_identifiers_are_replaced(text: str) -> None:
    assert to_spdx(expression=text, classifiers=(), text="") in ("GPL-3.0-only", "")
    assert to_spdx(expression="", classifiers=(), text=text) == "GPL-3.0-only"


@pytest.mark.parametrize("piece", ["(", "mit or ", "gnu general public license ", "see ", "/", '"new" or '])
def test_long_texts_take_no_time(piece: str) -> None:
    to_spdx(expression="", classifiers=(), text=piece * (1_000_000 // len(piece)))


def test_every_classifier_that_is_mapped_is_published() -> None:
    assert {f"License :: {name}" for name in licenses._BY_CLASSIFIER} <= set(trove)


def test_identifiers_are_spdx() -> None:
    for identifier in {*licenses._BY_CLASSIFIER.values(), *licenses._BY_NAME.values()}:
        assert canonicalize_license_expression(identifier) == identifier
