"""Metadata: whether the package says of itself what its users, and their tools, have to know."""

from msgspec import UNSET, UnsetType

from .compatibility import few
from .judging import Case, Judgement, Rule, Rules, whether


def _licence(case: Case) -> Judgement | UnsetType:
    licence, named = case.facts.licence, case.facts.named_licence
    if licence is UNSET:
        return UNSET
    lacking = f"The licence can't be told from {named!r}" if named else "No licence is named"
    return whether(bool(licence), f"Licence: {licence}", lacking, "Set `license` to an SPDX expression, such as MIT")


def _source(case: Case) -> Judgement | UnsetType:
    link = case.facts.source
    if link is UNSET:
        return UNSET
    return whether(bool(link), f"Source: {link}", "No link to the source", "Add a project URL labelled Source")


def _requires_python(case: Case) -> Judgement | UnsetType:
    required = case.facts.requires_python
    if required is UNSET:
        return UNSET
    return whether(
        bool(required),
        f"Requires Python {required}",
        "Does not say which Python it requires",
        "Set `requires-python`, so that older Pythons get an older release",
    )


def _summary(case: Case) -> Judgement | UnsetType:
    summary = case.facts.summary
    if summary is UNSET:
        return UNSET
    return whether(
        bool(summary), f"Summary: {summary}", "No summary that says what it does", "Say in one line what it does"
    )


def _tracker(case: Case) -> Judgement | UnsetType:
    link = case.facts.tracker
    if link is UNSET:
        return UNSET
    return whether(bool(link), f"Issues: {link}", "No link to an issue tracker", "Add a project URL labelled Issues")


def _contact(case: Case) -> Judgement | UnsetType:
    contact = case.facts.contact
    if contact is UNSET:
        return UNSET
    return whether(
        bool(contact),
        "There is an address to write to",
        "No address to write to",
        "Name an author or a maintainer with a mail address",
    )


def _framework_versions(case: Case) -> Judgement | UnsetType:
    """Judge only who names a framework whose releases have classifiers: Flask's, for one, have none."""
    facts = case.facts
    if facts.framework_versions is UNSET:
        return UNSET
    if facts.framework_versions:
        return Judgement(1.0, f"Names {few(facts.framework_versions)}")
    named = [each for each in facts.frameworks or () if case.standards.frameworks.get(each)]
    if not named:
        return UNSET
    return Judgement(
        0.0, f"Names {named[0]}, and no version of it", f"Add classifiers such as {_example(named[0], case)}"
    )


def _example(framework: str, case: Case) -> str:
    newest = list(case.standards.frameworks[framework])[-1]
    return f"Framework :: {framework} :: {newest}"


RULES: Rules = {
    "licence": Rule("a licence that can be told as an SPDX expression", _licence),
    "source": Rule("a link to the source", _source),
    "requires-python": Rule("`requires-python`", _requires_python),
    "summary": Rule("a summary that says more than the name", _summary),
    "tracker": Rule("a link to an issue tracker", _tracker),
    "contact": Rule("a mail address of author or maintainer", _contact),
    "framework-versions": Rule("classifiers with versions of the framework, where there are such", _framework_versions),
}
