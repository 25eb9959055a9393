"""Lists names with reasons: all are told, and many of a kind share a heading, so that a reader sees what matters."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from textwrap import fill

# So many names with the same kind of reason get a line each; more share a paragraph.
_MAX_SINGLE_LINES = 3
_LINE_WIDTH = 110


def format_reasons(kind: str, reasons: Mapping[str, str]) -> Iterator[str]:
    """Yield lines such as `missing: NAME: reason`; reasons are of a kind where they agree up to their first colon."""
    by_heading: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, reason in reasons.items():
        heading, _, detail = " ".join(reason.split()).partition(": ")
        by_heading[heading].append((name, detail))
    for heading, names in by_heading.items():
        if len(names) <= _MAX_SINGLE_LINES:
            yield from (f"{kind}: {name}: {heading}{f': {detail}' if detail else ''}" for name, detail in names)
            continue
        yield f"{kind}: {heading} ({len(names):,}):"
        paragraph = ", ".join(f"{name} ({detail})" if detail else name for name, detail in names)
        yield fill(
            paragraph,
            _LINE_WIDTH,
            initial_indent="  ",
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
