"""Version specifiers as authors write them: PEP 440, and the spellings that older tools accepted."""

import re
from functools import lru_cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet

# A longer text is not a specifier.
_MAX_LENGTH = 500

_CLAUSE = re.compile(r"(?P<operator>===|[<>~!=^]=?|=[<>])?\s*(?P<version>[^\s<>=!~^][^\s]*)")
# A comma, or white space between two clauses.
_SPLIT = re.compile(r"[,;|]+|(?<=[0-9A-Za-z*])\s+(?=[<>=!~^])")
_QUOTES = "'\"`()[] \t"
_WILDCARD = re.compile(r"(\.\*)+$")
_SPELLINGS = {"=": "==", "=>": ">=", "=<": "<="}


@lru_cache(maxsize=4096)  # most packages use the same few specifiers
def parse_specifier(text: str) -> SpecifierSet | None:
    """Return the meaning of a specifier, None for one without a meaning.

    Besides PEP 440, it accepts quotes, `>=3.6.*`, `~=3`, `^3.8`, `=1.0`, `=>1.0`, missing commas and commas at an end.
    A bare version stands for all versions that begin with it, as in PEP 345.
    """
    if len(text) > _MAX_LENGTH:
        return None
    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        pass
    except ValueError:  # a number of more than 4,300 digits
        return None
    clauses = [_relax_clause(clause) for clause in _SPLIT.split(text) if clause.strip(_QUOTES)]
    if not clauses or "" in clauses:
        return None
    try:
        return SpecifierSet(",".join(clauses))
    except ValueError:
        return None


def _relax_clause(clause: str) -> str:
    """Return a clause in the syntax of PEP 440, "" if it has no meaning."""
    match = _CLAUSE.fullmatch(clause.strip(_QUOTES))
    if match is None:
        return ""
    operator = match["operator"] or ""
    operator, version = _SPELLINGS.get(operator, operator), match["version"].strip(_QUOTES)
    number = _WILDCARD.sub("", version)
    if not operator:
        return f"=={number}.*"
    if operator in ("==", "!="):
        return f"{operator}{version}"
    if operator in ("^", "~", "~=", "^="):
        return _expand_compatible(operator, number)
    return f"{operator}{number}"


def _expand_compatible(operator: str, version: str) -> str:
    """Return `~=3` and `^3.8` as a lower bound with the first version that is not compatible."""
    parts = version.split(".")
    if not all(part.isdecimal() and len(part) < 10 for part in parts):
        return f"~={version}" if operator == "~=" else ""
    kept = 1 if operator.startswith("^") or len(parts) < 3 else len(parts) - 1
    *head, last = parts[:kept]
    return f">={version},<{'.'.join([*head, str(int(last) + 1)])}"


def has_upper_bound(specifier: SpecifierSet) -> bool:
    """Return whether a specifier excludes all versions from some version on."""
    return any(clause.operator in ("<", "<=", "==", "===", "~=") and clause.version != "*" for clause in specifier)
