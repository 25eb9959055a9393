"""Formatting of numbers, dates, text and supported versions for pages."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from markupsafe import escape
from msgspec import Struct

from ...domain.email_masking import mask_emails

_SECONDS_PER_DAY = 86_400
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_COMPACT_UNITS = ((1_000_000_000, "bn"), (1_000_000, "M"), (1_000, "k"))
_AGE_UNITS = ((365.25, "year"), (30.44, "month"), (7, "week"), (1, "day"))

_UNPRINTABLE = re.compile(r"[^\S ]|[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def format_int(number: int) -> str:
    """Return a number with thousands separators: "1,234,567"."""
    return f"{number:,}"


def format_compact(number: int) -> str:
    """Return a number with at most three digits: "12.3k"."""
    for step, unit in _COMPACT_UNITS:
        # 999,500 would round to "1000k".
        if number >= step * 0.9995:
            value = number / step
            return f"{value:.{1 if value < 99.95 else 0}f}".removesuffix(".0") + unit
    return str(number)


def format_iso_date(timestamp: int) -> str:
    """Return the day of a Unix time in ISO format: "2026-09-02"; "" for 0 (unknown)."""
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d}" if timestamp else ""


def format_date(timestamp: int) -> str:
    """Return the day of a Unix time: "2 Sep 2026"; "" for 0 (unknown)."""
    if not timestamp:
        return ""
    moment = datetime.fromtimestamp(timestamp, UTC)
    return f"{moment.day} {_MONTH_NAMES[moment.month - 1]} {moment.year}"


def format_month(name: str) -> str:
    """Return the label of a month of the download history: "Sep 2026" for "2026-09"."""
    year, _, number = name.partition("-")
    return f"{_MONTH_NAMES[int(number) - 1]} {year}" if number in _MONTH_NUMBERS else name


_MONTH_NUMBERS = frozenset(f"{number:02}" for number in range(1, 13))


def format_time_ago(timestamp: int, now: float) -> str:
    """Return the age of a Unix time in its largest unit: "3 weeks ago"; "" for 0 (unknown)."""
    if not timestamp:
        return ""
    days = (now - timestamp) / _SECONDS_PER_DAY
    for length, unit in _AGE_UNITS:
        if days >= length:
            return f"{pluralize(int(days / length), unit)} ago"
    return "today"


def pluralize(count: int, singular: str, plural: str = "") -> str:
    """Return a count with its noun: "1 package", "2 packages"."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def join_names(names: Iterable[str]) -> str:
    """Join names for a sentence: "a, b and c"."""
    *head, last = list(names) or [""]
    return f"{', '.join(head)} and {last}" if head else last


def to_clean_line(text: str) -> str:
    """Return untrusted text in one line, without control and direction characters."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())


def sanitize(text: str) -> str:
    """Return untrusted text in one line with masked e-mail addresses."""
    return mask_emails(to_clean_line(text))


def measure_html(text: str) -> int:
    """Return the size of a text in bytes of HTML."""
    return len(escape(text).encode())


def truncate_html(text: str, max_bytes: int) -> str:
    """Truncate a text to `max_bytes` bytes of HTML, at the end of a word if one is near."""
    if measure_html(text) <= max_bytes:
        return text
    remaining, end = max_bytes - measure_html("…"), 0
    while (remaining := remaining - measure_html(text[end])) >= 0:
        end += 1
    word_end = text.rfind(" ", max(0, end - 20), end)
    return f"{text[: word_end if word_end > 0 else end].rstrip()}…"


_VERSION_PATTERN = re.compile(r"(.+?) ([0-9][0-9A-Za-z.]*)")


class Support(Struct, frozen=True, kw_only=True):
    """The supported versions of a product: "Plone" with "6.1" and "6.0"; empty if the release names none."""

    product: str
    versions: tuple[str, ...]

    def select_newest(self, count: int) -> tuple[str, ...]:
        """Return at most `count` of the newest versions."""
        return self.versions[:count]

    @property
    def full_text(self) -> str:
        """The product and all versions as one text."""
        return f"{self.product} {', '.join(self.versions)}".strip()


def group_versions(values: Iterable[str]) -> tuple[Support, ...]:
    """Group supported versions ("Plone 6.0") by product, the newest first; "3" is dropped beside "3.12"."""
    groups: dict[str, set[str]] = {}
    for value in values:
        match = _VERSION_PATTERN.fullmatch(value)
        product, version = (match[1], match[2]) if match else (value, "")
        groups.setdefault(product, set()).update({version} - {""})
    return tuple(
        Support(product=product, versions=_sort_newest_first(versions)) for product, versions in groups.items()
    )


def list_admitted(declared: Sequence[str], supported: Sequence[str]) -> tuple[str, ...]:
    """Return the supported versions that are not declared, without major versions."""
    return tuple(value for value in supported if value not in declared and "." in value)


def format_pythons(declared: Sequence[str], supported: Sequence[str]) -> str:
    """Return Python versions in one line, the admitted ones apart: "3.12, 3.11 (admits 3.13)"."""
    admitted = list_admitted(declared, supported)
    parts = [
        ", ".join(version for group in group_versions(values) for version in group.versions)
        for values in (declared, admitted)
    ]
    return " ".join(filter(None, [parts[0], f"(admits {parts[1]})" if parts[1] else ""]))


def sort_versions(values: Iterable[str]) -> list[str]:
    """Sort versions ("Plone 6.0", "Plone 5.2") by product, the newest first."""
    return [
        f"{support.product} {version}".strip()
        for support in group_versions(values)
        for version in support.versions or ("",)
    ]


def to_number_key(version: str) -> tuple[int, ...]:
    """Return the sort key of a version: its numbers."""
    return tuple(int(number) for number in re.findall(r"[0-9]{1,9}", version))


def _sort_newest_first(versions: Iterable[str]) -> tuple[str, ...]:
    ordered = sorted(versions, key=lambda version: (to_number_key(version), version), reverse=True)
    return tuple(version for version in ordered if not _has_minor_releases(version, ordered))


def _has_minor_releases(version: str, versions: Sequence[str]) -> bool:
    """Return whether a major version is listed beside its own minor versions."""
    return "." not in version and any(candidate.startswith(f"{version}.") for candidate in versions)
