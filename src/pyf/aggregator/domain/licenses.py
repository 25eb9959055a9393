"""Derive an SPDX license expression from package metadata."""

import re
from functools import lru_cache

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

_PREFIX = "License :: "
_LICENSES = ("License :: OSI Approved :: ", "License :: CC0 ")

# Trove classifiers that identify one license in one version (SPDX license list 3.25). Classifiers that fit several
# identifiers, such as "BSD License" or "GNU General Public License (GPL)", are left out on purpose.
_BY_CLASSIFIER = {
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
    "OSI Approved :: Apache Software License": "Apache-2.0",
    "OSI Approved :: Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "OSI Approved :: Eclipse Public License 2.0 (EPL-2.0)": "EPL-2.0",
    "OSI Approved :: European Union Public Licence 1.2 (EUPL 1.2)": "EUPL-1.2",  # codespell:ignore
    "OSI Approved :: GNU Affero General Public License v3": "AGPL-3.0-only",
    "OSI Approved :: GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "OSI Approved :: GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "OSI Approved :: GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "OSI Approved :: GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "OSI Approved :: GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "OSI Approved :: GNU Lesser General Public License v2 (LGPLv2)": "LGPL-2.0-only",
    "OSI Approved :: GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "OSI Approved :: GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "OSI Approved :: ISC License (ISCL)": "ISC",
    "OSI Approved :: MIT License": "MIT",
    "OSI Approved :: MIT No Attribution License (MIT-0)": "MIT-0",
    "OSI Approved :: Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "OSI Approved :: The Unlicense (Unlicense)": "Unlicense",
    "OSI Approved :: Universal Permissive License (UPL)": "UPL-1.0",
    "OSI Approved :: Zero-Clause BSD (0BSD)": "0BSD",
    "OSI Approved :: Zope Public License": "ZPL-2.1",
    "OSI Approved :: zlib/libpng License": "Zlib",
}

# Usual texts of the free-text field, in lower case and without stop words.
_BY_TEXT = {
    "2-clause bsd": "BSD-2-Clause",
    "3-clause bsd": "BSD-3-Clause",
    "agpl v3": "AGPL-3.0-only",
    "agplv3": "AGPL-3.0-only",
    "apache": "Apache-2.0",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache software": "Apache-2.0",
    "apache version 2": "Apache-2.0",
    "apache version 2.0": "Apache-2.0",
    "bsd 2-clause": "BSD-2-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd three-clause": "BSD-3-Clause",
    "bsd-3": "BSD-3-Clause",
    "expat": "MIT",
    "gpl v2": "GPL-2.0-only",
    "gpl v3": "GPL-3.0-only",
    "gpl version 2": "GPL-2.0-only",
    "gpl version 3": "GPL-3.0-only",
    "gplv2": "GPL-2.0-only",
    "gplv2+": "GPL-2.0-or-later",
    "gplv3": "GPL-3.0-only",
    "gplv3+": "GPL-3.0-or-later",
    "lgplv3": "LGPL-3.0-only",
    "modified bsd": "BSD-3-Clause",
    "mpl 2.0": "MPL-2.0",
    "mpl2": "MPL-2.0",
    "new bsd": "BSD-3-Clause",
    "simplified bsd": "BSD-2-Clause",
    "zpl": "ZPL-2.1",
    "zpl 2.1": "ZPL-2.1",
}

_STOP_WORDS = re.compile(r"\b(the|licen[cs]e)\b|,")

# Some projects put the whole license text into the field; no expression is longer than this.
_MAX_EXPRESSION_LENGTH = 200


@lru_cache(maxsize=256)  # releases of a project mostly have the same metadata
def to_spdx(*, expression: str, classifiers: tuple[str, ...], text: str) -> str:
    """Return the license as an SPDX expression, "" if it is ambiguous.

    The metadata's own expression comes first; then the text, if it is an expression or a usual name of one license;
    then the classifiers, if they agree on one license.
    """
    identifiers = {_BY_CLASSIFIER.get(c.removeprefix(_PREFIX), "") for c in classifiers if c.startswith(_LICENSES)}
    return (
        _canonicalize(expression) or _parse_license_text(text) or (identifiers.pop() if len(identifiers) == 1 else "")
    )


def _canonicalize(expression: str) -> str:
    if not expression or len(expression) > _MAX_EXPRESSION_LENGTH:
        return ""
    try:
        return str(canonicalize_license_expression(expression))
    except InvalidLicenseExpression:
        return ""


def _parse_license_text(text: str) -> str:
    if len(text) > _MAX_EXPRESSION_LENGTH:
        return ""
    words = " ".join(_STOP_WORDS.sub(" ", text.casefold()).split())
    return _canonicalize(text) or _BY_TEXT.get(words, "") or _canonicalize(words)
