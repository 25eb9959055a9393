"""Print what is stored of a package, how its score comes about and why it is a member."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from ...bootstrap import open_dependencies, open_index
from ...ports import Dependencies
from ...usecases.read.explanation import explain_membership, explain_score
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
    from .score_view import build_score_view

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
    open_: Callable[..., AbstractContextManager[Dependencies]],
) -> ExitCode:
    settings = read_settings()
    choice = selection.resolve(settings)
    with open_(settings, must_exist=True) as deps:
        print_target(deps, settings, choice.target.collection)
        with suggest_collection(deps, choice.target.collection):
            action(deps, choice)
    return ExitCode.SUCCESS
