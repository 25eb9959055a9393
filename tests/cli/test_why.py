"""`pyfaggregator --why`: in words, for whoever asks why a package is there or is not."""

import pytest

from pyf.aggregator.sample.faults import Fault
from pyf.aggregator.sample.services import LocalPyPI
from shell import Shell


@pytest.fixture
def filled(shell: Shell, pypi: LocalPyPI) -> Shell:
    """A user with an index of the profile `flask`, in which most cases are."""
    publish = pypi.ecosystem.publish
    publish("Flask_Admin", "1.6", info={"requires_dist": ["Flask>=0.7"]})
    publish("flask-talisman", "1.0", info={"requires_dist": ["jinja2"]})
    publish("moto", "5.0", info={"requires_dist": ['flask; extra == "server"', 'flask; extra == "all"']})
    publish("quart", "0.19", info={"requires_dist": ["flask>=3.0"]})
    publish("flower", "2.0", info={"requires_dist": ["flask"]})
    publish("hidden", "1.0")
    pypi.ecosystem.quarantine("hidden")
    publish("empty", "1.0")
    pypi.ecosystem.remove_release("empty", "1.0")
    assert shell.call("-f", "-p", "flask").code == 0
    return shell


def told(shell: Shell, name: str, profile: str = "flask") -> str:
    ended = shell.call("--why", name, "-p", profile)
    assert (ended.code, ended.out.count("\n")) == (0, 1)
    return ended.out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "flask.ADMIN",
            'Flask_Admin: It is in the collection, as of release 1.6: its newest release requires flask ("Fl',
        ),
        (
            "flask-thing",
            "flask-thing: It is in the collection, as of release 1.0: its newest release carries the classif",
        ),
        ("moto", 'it requires flask only for its extras "server" and "all".'),
        (
            "plonesque",
            "carries no classifier of profile flask (Framework :: Flask), it does not require flask: it names",
        ),
        ("flask_talisman", "it does not require flask, its name matches flask-*, which is not enough."),
        (
            "no-such-thing",
            "no-such-thing: It is not in the collection flask: there is no project of that name on PyPI.",
        ),
        ("hidden", "PyPI holds it in quarantine and shows nothing of it."),
        ("empty", "it has no release on PyPI."),
        (
            "flower",
            'and it would belong: its newest release requires flask ("flask"). Its name says nothing, so that no',
        ),
    ],
)
def test_a_package_is_explained_in_one_line(filled: Shell, name: str, said: str) -> None:
    assert said in told(filled, name)


@pytest.mark.parametrize(
    ("name", "requests"), [("flask-admin", 0), ("moto", 1), ("flower", 1), ("no-such-thing", 2), ("hidden", 2)]
)
def test_an_explanation_takes_two_requests_at_most(filled: Shell, pypi: LocalPyPI, name: str, requests: int) -> None:
    pypi.ecosystem.publish("moto", "6.0")
    pypi.requests.clear()

    told(filled, name)

    assert pypi.requests.total == requests


def test_who_has_left_is_told_with_when_and_why(filled: Shell, pypi: LocalPyPI) -> None:
    pypi.ecosystem.publish("Flask_Admin", "2.0", info={"requires_dist": ["wtforms"]})
    filled.call("-i", "-p", "flask")
    pypi.requests.clear()

    said = told(filled, "flask-admin")

    assert "It left the collection on 20" in said
    assert "UTC: since 2.0 it does not match profile flask" in said
    assert pypi.requests.total == 0


def test_who_is_excluded_is_told_with_the_reason(filled: Shell) -> None:
    (filled.folder / "mine.yaml").write_text(
        'profiles: {flask: {classifiers: ["Framework :: Flask"], exclude: {moto: "it is about AWS", flask-thing: old}}}'
    )
    filled.environment["PROFILES_FILE"] = "mine.yaml"

    assert told(filled, "Moto") == "Moto: Profile flask excludes it: it is about AWS.\n"
    assert "and the next run takes it out: it is excluded: old." in told(filled, "flask-thing")


def test_a_collection_that_is_not_there_can_be_asked_about(filled: Shell) -> None:
    said = told(filled, "Django-Shop", "django")

    assert "It is not in the collection django, which does not exist yet, and it would belong" in said
    assert "pyfaggregator -f finds it." in said


def test_a_script_gets_one_object(filled: Shell) -> None:
    member = filled.call("--why", "flask-admin", "-p", "flask", "--json").report
    stranger = filled.call("--why", "moto", "-p", "flask", "--json").report
    missing = filled.call("--why", "hidden", "-t", "flask", "--json").report

    assert {key: member[key] for key in ("name", "collection", "is_held", "belongs", "because")} == {
        "name": "Flask_Admin",
        "collection": "flask",
        "is_held": True,
        "belongs": True,
        "because": "requires",
    }
    assert (stranger["is_held"], stranger["belongs"], stranger["because"]) == (False, False, "")
    assert any("only for its extras" in reason for reason in stranger["reasons"])
    assert missing["belongs"] is None


@pytest.mark.parametrize("kind", ["503", "broken", "403"])
def test_a_registry_that_does_not_answer_explains_nothing(filled: Shell, pypi: LocalPyPI, kind: str) -> None:
    pypi.faults.add(Fault(kind, request="project"))

    ended = filled.call("--why", "moto", "-p", "flask")

    assert (ended.code, ended.out) == (4, "")


def test_candidates_can_be_named_for_one_run(filled: Shell) -> None:
    (filled.folder / "names.txt").write_text("Flower\nmoto\n")

    ended = filled.call("-f", "-p", "flask", "--candidates", "names.txt", candidates_file="missing.txt")

    assert ended.code == 0
    assert "flower" in filled.names("flask")
    assert "moto" not in filled.names("flask")

    refused = filled.call("-f", "-p", "flask", "--candidates", "missing.txt")
    assert (refused.code, refused.out) == (2, "")
    assert refused.error == "candidates missing.txt: No such file or directory"


def test_candidates_are_refused_where_they_would_have_no_effect(shell: Shell) -> None:
    (shell.folder / "names.txt").write_text("Flower\n")

    ended = shell.call("-f", "-p", "plone", "--candidates", "names.txt")

    assert (ended.code, ended.error) == (
        2,
        "profile plone goes by classifiers alone: --candidates needs a profile with 'requires:'",
    )


def test_every_document_shows_why_it_is_there(filled: Shell) -> None:
    assert filled.call("--show", "flask-admin", "-p", "flask").report["member_because"] == "requires"
    assert filled.call("--show", "quart", "-p", "flask").report["member_because"] == "requires"
    assert filled.call("--show", "flask-thing", "-p", "flask").report["member_because"] == "classifier"
