"""Run the commands that list, show and check profiles."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct, to_builtins

from ...config.profiles import load_profiles
from ...domain.errors import Invalid, Unavailable
from ...domain.membership.profile import Profile
from ...domain.text import suggest
from ...settings import Settings
from ..config import read_settings
from ..exit_codes import ExitCode
from ..output import print_json, print_line, print_table
from ..progress import print_notice
from ..tables import Column


class ClassifierCheck(Struct, frozen=True, kw_only=True):
    """The result for one classifier of a profile.

    Attributes:
        project_count: Projects on PyPI of which any release has carried it; None if PyPI was not asked.
    """

    classifier: str
    is_known: bool
    suggestion: str = ""
    project_count: int | None = None


def run_list(*, as_json: bool = False) -> ExitCode:
    """List all profiles."""
    profiles = load_profiles(read_settings().profiles_file)
    if as_json:
        print_json([_to_dict(profile) for profile in profiles.values()])
        return ExitCode.SUCCESS
    listed = list(profiles.values())
    print_table(
        [
            Column(header="key", cells=[profile.key for profile in listed]),
            Column(header="name", cells=[profile.name for profile in listed]),
            Column(
                header="classifiers",
                cells=[f"{len(profile.classifiers)}" for profile in listed],
                rank=1,
                is_numeric=True,
            ),
            Column(
                header="requires",
                cells=[", ".join(profile.filter.requires) for profile in listed],
                rank=2,
                is_flexible=True,
            ),
        ]
    )
    return ExitCode.SUCCESS


def run_show(profile_key: str, *, as_json: bool = False) -> ExitCode:
    """Print a profile as YAML."""
    settings = read_settings()
    profile = _get_profile(load_profiles(settings.profiles_file), profile_key)
    if as_json:
        print_json(_to_dict(profile))
        return ExitCode.SUCCESS
    import yaml

    # Of a profile that the user's file replaces, only the key is equal.
    is_built_in = load_profiles().get(profile_key) == profile
    print_line(f"# From {'the built-in profiles' if is_built_in else settings.profiles_file}")
    content = {name: value for name, value in _to_dict(profile).items() if name != "key" and value}
    print_line(yaml.safe_dump({"profiles": {profile.key: content}}, sort_keys=False, allow_unicode=True).rstrip())
    return ExitCode.SUCCESS


def run_check(profile_keys: Sequence[str], *, offline: bool = False, as_json: bool = False) -> ExitCode:
    """Check the classifiers of profiles, and count the projects on PyPI that each of them matches."""
    settings = read_settings()
    profiles = load_profiles(settings.profiles_file)
    selected = [_get_profile(profiles, key) for key in profile_keys] or list(profiles.values())
    classifiers = list(dict.fromkeys(classifier for profile in selected for classifier in profile.classifiers))
    counts: dict[str, int] = {}
    error: Unavailable | None = None
    if not offline:
        try:
            counts = _count_projects(settings, classifiers)
        except Unavailable as failure:
            error = failure
    checks = {classifier: _check_classifier(classifier, counts.get(classifier)) for classifier in classifiers}
    if as_json:
        print_json({profile.key: [to_builtins(checks[name]) for name in profile.classifiers] for profile in selected})
    else:
        _print_checks(selected, checks)
    if error is not None:
        raise Unavailable(f"the projects were not counted: {error}. To skip that, use --offline")
    return ExitCode.SUCCESS if all(check.is_known for check in checks.values()) else ExitCode.PARTIAL


def _count_projects(settings: Settings, classifiers: Iterable[str]) -> dict[str, int]:
    from ...bootstrap import open_index

    with open_index(settings) as deps:
        return {name: len(projects) for name, projects in deps.registry.browse_classifiers(classifiers)}


def _check_classifier(classifier: str, project_count: int | None) -> ClassifierCheck:
    from trove_classifiers import classifiers as known_classifiers

    is_known = classifier in known_classifiers
    return ClassifierCheck(
        classifier=classifier,
        is_known=is_known,
        suggestion="" if is_known else suggest(classifier, known_classifiers, cutoff=0.8),
        project_count=project_count,
    )


def _print_checks(profiles: Iterable[Profile], checks: Mapping[str, ClassifierCheck]) -> None:
    for profile in profiles:
        selected = [checks[name] for name in profile.classifiers]
        counts = ["not counted" if check.project_count is None else f"{check.project_count:,}" for check in selected]
        print_table(
            [
                Column(header=profile.key, cells=[check.classifier for check in selected]),
                Column(header="packages on PyPI", cells=counts, rank=1, is_numeric=True),
            ]
        )
        for check in selected:
            if not check.is_known:
                print_line(f"{check.classifier!r}: PyPI has no such classifier. {check.suggestion}".rstrip())
        print_line("")
        if profile.filter.requires:
            frameworks = ", ".join(profile.filter.requires)
            print_notice(f"{profile.key} also matches packages that require {frameworks}.")


def _get_profile(profiles: Mapping[str, Profile], key: str) -> Profile:
    if key not in profiles:
        hint = suggest(key, profiles)
        raise Invalid(f"there is no profile {key!r}. {hint or 'To list them, run `pyf profile list`'}")
    return profiles[key]


def _to_dict(profile: Profile) -> dict[str, Any]:
    fields: dict[str, Any] = to_builtins(profile)
    return fields
