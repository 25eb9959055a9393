"""`pyfaggregator --why`: the reasons of a membership, in words."""

import pytest

from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner


@pytest.fixture
def filled_shell(shell: CommandRunner, pypi: LocalPyPI) -> CommandRunner:
    """A user with an index of the profile `flask`, in which most cases are."""
    publish = pypi.registry.publish
    publish("Flask_Admin", "1.6", info={"requires_dist": ["Flask>=0.7"]})
    publish("flask-talisman", "1.0", info={"requires_dist": ["jinja2"]})
    publish("moto", "5.0", info={"requires_dist": ['flask; extra == "server"', 'flask; extra == "all"']})
    publish("quart", "0.19", info={"requires_dist": ["flask>=3.0"]})
    publish("flower", "2.0", info={"requires_dist": ["flask"]})
    publish("hidden", "1.0")
    pypi.registry.quarantine("hidden")
    publish("empty", "1.0")
    pypi.registry.remove_release("empty", "1.0")
    assert shell.invoke("-f", "-p", "flask").code == 0
    return shell


def explain(shell: CommandRunner, name: str, profile: str = "flask") -> str:
    result = shell.invoke("--why", name, "-p", profile)
    assert (result.code, result.out.count("\n")) == (0, 1)
    return result.out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "flask.ADMIN",
            'Flask_Admin: It is in the collection, as of release 1.6: its newest release requires flask ("Fl',
        ),
        (
            "flask-thing",
            "flask-thing: It is in the collection, as of release 1.0: its newest release has the classif",
        ),
        ("moto", 'it requires flask only for its extras "server" and "all".'),
        (
            "plonesque",
            "has no classifier of profile flask (Framework :: Flask), it does not require flask: it has no requ",
        ),
        ("flask_talisman", "it does not require flask, its name matches flask-*, which is not enough."),
        (
            "no-such-thing",
            "no-such-thing: It is not in the collection flask: PyPI has no package of that name.",
        ),
        ("hidden", "it is quarantined on PyPI, which serves no document of it."),
        ("empty", "it has no release on PyPI."),
        (
            "flower",
            'but it matches: its newest release requires flask ("flask"). No run finds it by its name: add it to',
        ),
    ],
)
def test_membership_reason_is_one_line(filled_shell: CommandRunner, name: str, message: str) -> None:
    assert message in explain(filled_shell, name)


@pytest.mark.parametrize(
    ("name", "requests"), [("flask-admin", 0), ("moto", 1), ("flower", 1), ("no-such-thing", 2), ("hidden", 2)]
)
def test_at_most_two_requests(filled_shell: CommandRunner, pypi: LocalPyPI, name: str, requests: int) -> None:
    pypi.registry.publish("moto", "6.0")
    pypi.requests.clear()

    explain(filled_shell, name)

    assert pypi.requests.total == requests


def test_removed_package_shows_date_and_reason(filled_shell: CommandRunner, pypi: LocalPyPI) -> None:
    pypi.registry.publish("Flask_Admin", "2.0", info={"requires_dist": ["wtforms"]})
    filled_shell.invoke("-i", "-p", "flask")
    pypi.requests.clear()

    message = explain(filled_shell, "flask-admin")

    assert "It was removed from the collection on 20" in message
    assert "UTC: it does not match profile flask: since 2.0, " in message
    assert pypi.requests.total == 0


def test_excluded_package_shows_reason(filled_shell: CommandRunner) -> None:
    (filled_shell.folder / "mine.yaml").write_text(
        'profiles: {flask: {classifiers: ["Framework :: Flask"], exclude: {moto: "it is about AWS", flask-thing: old}}}'
    )
    filled_shell.environment["PROFILES_FILE"] = "mine.yaml"

    assert explain(filled_shell, "Moto") == "Moto: Profile flask excludes it: it is about AWS.\n"
    assert "and the next run removes it: it is excluded: old." in explain(filled_shell, "flask-thing")


def test_missing_collection_uses_profile(filled_shell: CommandRunner) -> None:
    message = explain(filled_shell, "Django-Shop", "django")

    assert "It is not in the collection django, which does not exist yet, but it matches" in message
    assert "The next run of `pyf fetch` finds it." in message


def test_json_output(filled_shell: CommandRunner) -> None:
    member = filled_shell.invoke("--why", "flask-admin", "-p", "flask", "--json").report
    stranger = filled_shell.invoke("--why", "moto", "-p", "flask", "--json").report
    missing = filled_shell.invoke("--why", "hidden", "-t", "flask", "--json").report

    assert {key: member[key] for key in ("name", "collection", "is_indexed", "is_member", "membership_reason")} == {
        "name": "Flask_Admin",
        "collection": "flask",
        "is_indexed": True,
        "is_member": True,
        "membership_reason": "requires",
    }
    assert (stranger["is_indexed"], stranger["is_member"], stranger["membership_reason"]) == (False, False, "")
    assert any("only for its extras" in reason for reason in stranger["reasons"])
    assert missing["is_member"] is None


@pytest.mark.parametrize("kind", ["503", "broken", "403"])
def test_unavailable_registry_exits_4(filled_shell: CommandRunner, pypi: LocalPyPI, kind: str) -> None:
    pypi.faults.add(Fault(kind, request="project"))

    result = filled_shell.invoke("--why", "moto", "-p", "flask")

    assert (result.code, result.out) == (4, "")


def test_candidates_option(filled_shell: CommandRunner) -> None:
    (filled_shell.folder / "names.txt").write_text("Flower\nmoto\n")

    result = filled_shell.invoke("-f", "-p", "flask", "--candidates", "names.txt", candidates_file="missing.txt")

    assert result.code == 0
    assert "flower" in filled_shell.list_names("flask")
    assert "moto" not in filled_shell.list_names("flask")

    refusal = filled_shell.invoke("-f", "-p", "flask", "--candidates", "missing.txt")
    assert (refusal.code, refusal.out) == (2, "")
    assert refusal.error == "candidates missing.txt: No such file or directory"


def test_candidates_without_effect_are_refused(shell: CommandRunner) -> None:
    (shell.folder / "names.txt").write_text("Flower\n")

    result = shell.invoke("-f", "-p", "plone", "--candidates", "names.txt")

    assert (result.code, result.error) == (
        2,
        "profile plone selects packages by classifiers only: --candidates needs a profile with 'requires:'",
    )


def test_documents_contain_membership_reason(filled_shell: CommandRunner) -> None:
    assert filled_shell.invoke("--show", "flask-admin", "-p", "flask").report["membership_reason"] == "requires"
    assert filled_shell.invoke("--show", "quart", "-p", "flask").report["membership_reason"] == "requires"
    assert filled_shell.invoke("--show", "flask-thing", "-p", "flask").report["membership_reason"] == "classifier"
