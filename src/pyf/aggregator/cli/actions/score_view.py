"""Show a score with its reasons as a table: each rule, its points, what was seen, and what would bring more."""

from collections.abc import Iterator

from msgspec import UNSET
from rich.box import SIMPLE_HEAD
from rich.console import Group as Stack
from rich.table import Table
from rich.text import Text

from ...domain.health.score import Finding, GroupResult, Score
from ...usecases.read.explanation import ScoreExplanation

_UNKNOWN = "unknown"


def build_score_view(score_explanation: ScoreExplanation) -> Stack:
    """Return a score to print: the sum, what caps it, the findings by group, and where to read more."""
    score = score_explanation.score
    return Stack(
        _build_headline(score_explanation),
        *(Text(f"Capped at {cap.at_most}: {cap.reason}.", style="bold") for cap in score.caps),
        _build_table(score),
        *_list_further_reading(score),
    )


def _build_headline(score_explanation: ScoreExplanation) -> Text:
    score = score_explanation.score
    value = _UNKNOWN if score.value is UNSET else f"{score.value} of 100"
    package = f"{score_explanation.name} {score_explanation.version}"
    text = f"{package}: {value}, model {score.model}, {score.confidence:.0%} of it known"
    stored = score_explanation.stored_score
    if stored != (None if score.value is UNSET else score.value):
        text += f" (in the index: {'none yet' if stored is None else stored}, until it is scored again)"
    return Text(text)


def _build_table(score: Score) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("rule", no_wrap=True)
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("what was seen, and → what to do", overflow="fold")
    for name, group in score.groups.items():
        table.add_row(Text(name, style="bold"), Text(_format_points(group.points, group.max_points), style="bold"))
        for finding in group.findings:
            observation = f"{finding.observation}\n→ {finding.advice}" if finding.advice else finding.observation
            table.add_row(f"  {finding.rule}", _format_points(finding.points, finding.max_points), Text(observation))
        for rule, weight in group.unknown.items():
            table.add_row(f"  {rule}", f"– of {weight:.1f}", Text("not known, and left out", style="dim"))
        table.add_section()
    return table


def _format_points(points: float, maximum: float) -> str:
    return f"{points:.1f} of {maximum:.1f}"


def _list_further_reading(score: Score) -> Iterator[Text]:
    """Yield the pages about whatever costs points, the most expensive first."""
    pages: dict[str, list[str]] = {}
    for cap in score.caps:
        pages.setdefault(cap.read_more, []).append(cap.cap)
    for finding in sorted(_find_improvable(score.groups), key=lambda finding: finding.points - finding.max_points):
        pages.setdefault(finding.read_more, []).append(finding.rule)
    pages.pop("", None)
    if pages:
        yield Text("Read more:")
    for page, rules in pages.items():
        yield Text(f"  {', '.join(rules)}: {page}", overflow="fold")


def _find_improvable(groups: dict[str, GroupResult]) -> Iterator[Finding]:
    for group in groups.values():
        yield from (finding for finding in group.findings if finding.advice)
