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

# Usual names in the free-text field, as `_normalize_name` writes them.
_BY_NAME = {
    "0bsd": "0BSD",
    "2 clause bsd": "BSD-2-Clause",
    "2-clause bsd": "BSD-2-Clause",
    "3 clause bsd": "BSD-3-Clause",
    "3-clause bsd": "BSD-3-Clause",
    "4-clause bsd": "BSD-4-Clause",
    "apache": "Apache-2.0",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache software": "Apache-2.0",
    "apache software 2.0": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "apache2": "Apache-2.0",
    "apache2.0": "Apache-2.0",
    "artistic 2.0": "Artistic-2.0",
    "asl 2.0": "Apache-2.0",
    "boost 1.0": "BSL-1.0",
    "boost software 1.0": "BSL-1.0",
    "bsd 2 clause": "BSD-2-Clause",
    "bsd 2-clause": "BSD-2-Clause",
    "bsd 3 clause": "BSD-3-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd three-clause": "BSD-3-Clause",
    "bsd two-clause": "BSD-2-Clause",
    "bsd-2": "BSD-2-Clause",
    "bsd-3": "BSD-3-Clause",
    "bsd2": "BSD-2-Clause",
    "bsd3": "BSD-3-Clause",
    "cc by 4.0": "CC-BY-4.0",
    "cc by-sa 4.0": "CC-BY-SA-4.0",
    "cc0": "CC0-1.0",
    "cc0 1.0": "CC0-1.0",
    "cc0 1.0 universal": "CC0-1.0",
    "eclipse public 2.0": "EPL-2.0",
    "epl 2.0": "EPL-2.0",
    "eupl 1.2": "EUPL-1.2",  # codespell:ignore
    "expat": "MIT",
    "iscl": "ISC",
    "mit expat": "MIT",
    "modified bsd": "BSD-3-Clause",
    "mozilla public 2.0": "MPL-2.0",
    "mpl 2": "MPL-2.0",
    "mpl 2.0": "MPL-2.0",
    "mpl-2": "MPL-2.0",
    "mpl2": "MPL-2.0",
    "mpl2.0": "MPL-2.0",
    "new bsd": "BSD-3-Clause",
    "psf": "PSF-2.0",
    "python software foundation": "PSF-2.0",
    "revised bsd": "BSD-3-Clause",
    "simplified bsd": "BSD-2-Clause",
    "three-clause bsd": "BSD-3-Clause",
    "two-clause bsd": "BSD-2-Clause",
    "unlicense": "Unlicense",
    "zlib/libpng": "Zlib",
    "zope public": "ZPL-2.1",
    "zope public 2.1": "ZPL-2.1",
    "zpl": "ZPL-2.1",
    "zpl 2.1": "ZPL-2.1",
}

_QUALIFIER = re.compile(r'"(?:new|revised|modified|simplified)"(?: or "[a-z]+")?')
_REMARK = re.compile(r"[,;.(]?\s*\b(?:see|for details see|refer to|copyright)\b.*|^licen[cs]e:\s*|-licen[cs]e$")
_URL = re.compile(
    r"https?://(?:www\.)?(?:opensource|apache|gnu|spdx)\.org/licenses?/([a-z0-9.+-]+?)(?:\.html|\.txt|\.en|-standalone|/)*"
)
_QUOTES = re.compile("[\"'`\u201c\u201d\u2018\u2019]")
_STOP_WORDS = re.compile(r"\b(?:the|licen[cs]e[ds]?|version|under|terms of)\b|,|\bv\.?\s*(?=[0-9])|\.$")
_GNU_NAMES = {
    "affero general public": "agpl",
    "lesser general public": "lgpl",
    "library general public": "lgpl",
    "general public": "gpl",
}
_OR_LATER = r"(?:\+|(?:and|or)(?: \(?at your option\)?)?(?: any)? (?:later|newer|greater|above|higher)(?: versions?)?)"
_GNU = re.compile(rf"(?:gnu )?([al]?gpl)[ -]?(>= ?)?v?\.?([123](?:\.[0-9])?)\s*(?:-?(only|{_OR_LATER}|or-later))?")
_GNU_VERSIONS = {
    "gpl": {"1": "1.0", "2": "2.0", "3": "3.0"},
    "lgpl": {"2": "2.0", "2.1": "2.1", "3": "3.0"},
    "agpl": {"1": "1.0", "3": "3.0"},
}
_PARENTHESES = re.compile(r"\(([^()]*)\)")
_ALTERNATIVES = re.compile(r"\s*(?:/|\|| or )\s*")

# SPDX has replaced these identifiers; a `+` or its absence moved into the names of the GNU licenses.
_DEPRECATED_GNU = re.compile(r"\b([AL]?GPL-[0-9]\.[0-9])(\+)?(?![0-9A-Za-z.+-])")
_DEPRECATED = {
    "BSD-2-Clause-FreeBSD": "BSD-2-Clause",
    "BSD-2-Clause-NetBSD": "BSD-2-Clause",
    "GPL-2.0-with-classpath-exception": "GPL-2.0-only WITH Classpath-exception-2.0",
    "GPL-2.0-with-font-exception": "GPL-2.0-only WITH Font-exception-2.0",
    "StandardML-NJ": "SMLNJ",
}

# Phrases of whole license texts, all of which a text must contain; the first match counts.
_BY_PHRASES = (
    ("MIT", ("permission is hereby granted, free of charge", "this permission notice shall be included")),
    ("MIT-0", ("permission is hereby granted, free of charge", "without warranty of any kind")),
    ("BSD-4-Clause", ("redistribution and use in source and binary forms", "all advertising materials")),
    ("BSD-3-Clause", ("redistribution and use in source and binary forms", "endorse or promote products")),
    ("BSD-2-Clause", ("redistribution and use in source and binary forms", "in binary form must reproduce")),
    ("ISC", ("permission to use, copy, modify, and", "distribute this software", "above copyright notice")),
    ("0BSD", ("permission to use, copy, modify, and", "distribute this software", "with or without fee")),
    ("Apache-2.0", ("apache license", "version 2.0, january 2004")),
    ("Apache-2.0", ("licensed under the apache license, version 2.0",)),
    ("MPL-2.0", ("mozilla public license", "version 2.0", "covered software")),
    ("MPL-2.0", ("subject to the terms of the mozilla public license, v. 2.0",)),
    ("ZPL-2.1", ("zope public license (zpl) version 2.1",)),
    ("Unlicense", ("this is free and unencumbered software released into the public domain",)),
    ("BSL-1.0", ("boost software license - version 1.0",)),
    ("Zlib", ("this software is provided 'as-is'", "altered source versions must be plainly marked")),
)
# A notice names the license, and often allows later versions; the whole text does not say whether they are allowed.
_GNU_NOTICE = re.compile(
    r"gnu (affero |lesser |library )?general public license.{0,120}?"
    r"version ([123](?:\.1)?)\b(.{0,120}any later version)?"
)
_GNU_TITLE = re.compile(
    r"\W*gnu (affero |lesser |library )?general public license version ([123](?:\.1)?), [0-9]+ [a-z]+ (?:199|200)[0-9]"
)
_GNU_FAMILIES = {"affero ": "agpl", "lesser ": "lgpl", "library ": "lgpl", "": "gpl", None: "gpl"}

# Longer texts are texts of licenses. Of these, the beginning is enough.
_MAX_NAME_LENGTH, _MAX_TEXT_LENGTH = 200, 20_000


@lru_cache(maxsize=256)  # releases of a project mostly have the same metadata
def to_spdx(*, expression: str, classifiers: tuple[str, ...], text: str) -> str:
    """Return the license as an SPDX expression without deprecated identifiers, "" if it is ambiguous.

    The metadata's own expression comes first; then the text, if it is an expression, a usual name of one license or
    the text of one; then the classifiers, if they agree on one license.
    """
    identifiers = {_BY_CLASSIFIER.get(c.removeprefix(_PREFIX), "") for c in classifiers if c.startswith(_LICENSES)}
    return _canonicalize(expression) or _parse_license(text) or (identifiers.pop() if len(identifiers) == 1 else "")


def _canonicalize(expression: str) -> str:
    if not expression or len(expression) > _MAX_NAME_LENGTH:
        return ""
    for deprecated, identifier in _DEPRECATED.items():
        expression = re.sub(rf"\b{re.escape(deprecated)}(?![0-9A-Za-z.-])", identifier, expression, flags=re.IGNORECASE)
    try:
        canonical = str(canonicalize_license_expression(expression))
    except InvalidLicenseExpression:
        return ""
    return _DEPRECATED_GNU.sub(lambda match: f"{match[1]}-{'or-later' if match[2] else 'only'}", canonical)


def _parse_license(text: str) -> str:
    stripped = " ".join(text[:_MAX_TEXT_LENGTH].split())
    if len(text) > _MAX_NAME_LENGTH:
        return _recognize_text(stripped.casefold())
    if (classifier := stripped.removeprefix(_PREFIX)) in _BY_CLASSIFIER:
        return _BY_CLASSIFIER[classifier]
    if match := _URL.fullmatch(stripped.casefold()):
        stripped = "Apache-2.0" if match[1] == "license-2.0" else match[1]
    name = _REMARK.sub("", _QUALIFIER.sub(" ", stripped.casefold())).strip()
    return _canonicalize(stripped) or _parse_name(name) or _parse_alternatives(name) or _recognize_text(name)


def _parse_name(name: str) -> str:
    """Return the license of a usual name; a text in parentheses is another name of it, or a remark."""
    if whole := _parse_plain_name(_PARENTHESES.sub(r" \1 ", name)):
        return whole
    outer = _parse_plain_name(_PARENTHESES.sub(" ", name))
    inner = {parsed for part in _PARENTHESES.findall(name) if (parsed := _parse_plain_name(part))}
    if outer:
        return outer if inner <= {outer} else ""
    # "GNU General Public License (GPLv3)": the name alone is ambiguous.
    return inner.pop() if len(inner) == 1 else ""


def _parse_plain_name(name: str) -> str:
    words = " ".join(_STOP_WORDS.sub(" ", _QUOTES.sub(" ", name)).split())
    for long_name, abbreviation in _GNU_NAMES.items():
        words = words.replace(long_name, abbreviation)
    if match := _GNU.fullmatch(words):
        family, version = match[1], _GNU_VERSIONS[match[1]].get(match[3].removesuffix(".0"))
        suffix = "or-later" if match[2] or match[4] not in (None, "only") else "only"
        return f"{family.upper()}-{version}-{suffix}" if version else ""
    return _BY_NAME.get(words, "") or _canonicalize(words)


def _parse_alternatives(name: str) -> str:
    """Return `MIT/Apache-2.0` and `MIT or Apache 2.0` as an expression."""
    parsed = [_parse_name(part) for part in _ALTERNATIVES.split(name)]
    return _canonicalize(" OR ".join(dict.fromkeys(parsed))) if len(parsed) > 1 and all(parsed) else ""


def _recognize_text(text: str) -> str:
    """Return the license of a text in lower case, with single spaces; "" for an unknown one."""
    for identifier, phrases in _BY_PHRASES:
        if all(phrase in text for phrase in phrases):
            return identifier
    match = _GNU_TITLE.match(text) or _GNU_NOTICE.search(text)
    if match is None:
        return ""
    family = _GNU_FAMILIES[match[1]]
    version = _GNU_VERSIONS[family].get(match[2])
    is_later = match.re is _GNU_NOTICE and match[3]
    return f"{family.upper()}-{version}-{'or-later' if is_later else 'only'}" if version else ""
