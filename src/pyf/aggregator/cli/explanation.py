"""Shows a score with its reasons as a table: each rule, its points, what was seen, and what would bring more."""

from collections.abc import Iterator

from msgspec import UNSET
from rich.box import SIMPLE_HEAD
from rich.console import Group as Stack
from rich.table import Table
from rich.text import Text

from ..domain.health.score import Finding, Group, Score
from ..usecases.explain import Explanation

_NEVER = "unknown"


def explanation(explained: Explanation) -> Stack:
    """Return a score to print: the sum, what caps it, the findings by group, and where to read more."""
    score = explained.score
    return Stack(
        _headline(explained),
        *(Text(f"Capped at {cap.at_most}: {cap.reason}.", style="bold") for cap in score.caps),
        _table(score),
        *_further_reading(score),
    )


def _headline(explained: Explanation) -> Text:
    score = explained.score
    value = _NEVER if score.value is UNSET else f"{score.value} of 100"
    text = f"{explained.name} {explained.version}: {value}, model {score.model}, {score.confidence:.0%} of it known"
    stored = explained.stored_score
    if stored != (None if score.value is UNSET else score.value):
        text += f" (in the index: {'none yet' if stored is None else stored}, until it is scored again)"
    return Text(text)


def _table(score: Score) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("rule", no_wrap=True)
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("what was seen, and → what to do", overflow="fold")
    for name, group in score.groups.items():
        table.add_row(Text(name, style="bold"), Text(_of(group.points, group.max_points), style="bold"))
        for finding in group.findings:
            seen = f"{finding.seen}\n→ {finding.to_do}" if finding.to_do else finding.seen
            table.add_row(f"  {finding.rule}", _of(finding.points, finding.maximum), Text(seen))
        for rule, weight in group.unknown.items():
            table.add_row(f"  {rule}", f"– of {weight:.1f}", Text("not known, and left out", style="dim"))
        table.add_section()
    return table


def _of(points: float, maximum: float) -> str:
    return f"{points:.1f} of {maximum:.1f}"


def _further_reading(score: Score) -> Iterator[Text]:
    """Yield the pages about whatever costs points, the most expensive first."""
    pages: dict[str, list[str]] = {}
    for cap in score.caps:
        pages.setdefault(cap.read_more, []).append(cap.cap)
    for finding in sorted(_lacking(score.groups), key=lambda finding: finding.points - finding.maximum):
        pages.setdefault(finding.read_more, []).append(finding.rule)
    pages.pop("", None)
    if pages:
        yield Text("Read more:")
    for page, rules in pages.items():
        yield Text(f"  {', '.join(rules)}: {page}", overflow="fold")


def _lacking(groups: dict[str, Group]) -> Iterator[Finding]:
    for group in groups.values():
        yield from (finding for finding in group.findings if finding.to_do)
