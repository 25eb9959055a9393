"""Print what is stored of a package, how its score comes about and why it is a member."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from msgspec import UNSET
from rich.box import SIMPLE_HEAD
from rich.console import Group as Stack
from rich.table import Table
from rich.text import Text

from ...bootstrap import open_dependencies, open_index
from ...domain.health.score import Finding, GroupResult, Score
from ...ports import Dependencies
from ...settings import Settings
from ...usecases.read.explanation import ScoreExplanation, explain_membership, explain_score
from ...usecases.read.package import get_package_documents
from ..collection_option import CollectionChoice, Selection, print_target, suggest_collection
from ..config import read_settings
from ..exit_codes import ExitCode
from ..output import print_json, print_line, print_renderable


def run_show(selection: Selection, name: str, *, all_versions: bool = False) -> ExitCode:
    """Print the stored documents of a package as JSON."""

    def show(deps: Dependencies, choice: CollectionChoice) -> None:
        documents = get_package_documents(deps, choice.target, name)
        print_json(documents if all_versions else documents[0])

    return _read(selection, show, open_index)


def run_explain(selection: Selection, name: str, *, as_json: bool = False) -> ExitCode:
    """Print how the health score of a package comes about."""
    # Rich, which `run_show` does without.

    def explain(deps: Dependencies, choice: CollectionChoice) -> None:
        explanation = explain_score(deps, choice.target, name)
        if as_json:
            print_json(explanation.to_dict())
        else:
            print_renderable(build_score_view(explanation))

    return _read(selection, explain, open_dependencies)


def run_why(selection: Selection, name: str, *, as_json: bool = False) -> ExitCode:
    """Print why a package is in a collection, or why it is not."""

    def explain(deps: Dependencies, choice: CollectionChoice) -> None:
        membership = explain_membership(deps, choice.target, name, default=choice.default_filter)
        if as_json:
            print_json(membership.to_dict())
        else:
            print_line(f"{membership.name}: {' '.join(membership.reasons)}")

    return _read(selection, explain, open_dependencies)


def _read(
    selection: Selection,
    action: Callable[[Dependencies, CollectionChoice], None],
    open_: Callable[[Settings], AbstractContextManager[Dependencies]],
) -> ExitCode:
    settings = read_settings()
    choice = selection.resolve(settings)
    with open_(settings) as deps:
        print_target(deps, settings, choice.target.collection)
        with suggest_collection(deps, choice.target.collection):
            action(deps, choice)
    return ExitCode.SUCCESS


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
