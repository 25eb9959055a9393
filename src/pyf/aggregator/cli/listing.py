"""Lists names with reasons: all are told, and many of a kind share a heading, so that a reader sees what matters."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from textwrap import fill

# So many names with the same kind of reason get a line each; more share a paragraph.
_A_LINE_EACH = 3
_WIDTH = 110


def listed(kind: str, reasons: Mapping[str, str]) -> Iterator[str]:
    """Yield lines such as `missing: NAME: reason`; reasons are of a kind where they agree up to their first colon."""
    alike: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, reason in reasons.items():
        heading, _, detail = " ".join(reason.split()).partition(": ")
        alike[heading].append((name, detail))
    for heading, names in alike.items():
        if len(names) <= _A_LINE_EACH:
            yield from (f"{kind}: {name}: {heading}{f': {detail}' if detail else ''}" for name, detail in names)
            continue
        yield f"{kind}: {heading} ({len(names):,}):"
        told = ", ".join(f"{name} ({detail})" if detail else name for name, detail in names)
        yield fill(
            told,
            _WIDTH,
            initial_indent="  ",
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
