"""`pyf check`: files and environments against a release to upgrade to, as table, Markdown and JSON."""

import venv

import pytest

from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.yaml_format import parse_yaml_projects
from support.cli_runner import CommandRunner, CompletedCommand

PROJECTS = """
projects:
  - name: Django
    classifiers: ["Framework :: Django"]
    releases:
      - {version: "5.2", date: 2025-04-01}
      - {version: "6.0", date: 2025-12-01}
  - name: django-filter
    releases:
      - {version: "24.3", date: 2024-08-01, requires_dist: ["Django>=4.2,<6"]}
      - {version: "25.2", date: 2025-10-01, classifiers: ["Framework :: Django :: 6.0"], requires_dist: ["Django>=5.2"]}
  - name: django-extensions
    classifiers: ["Framework :: Django", "Framework :: Django :: 6.0"]
    releases:
      - {version: "4.1", date: 2025-04-03}
  - name: django-mptt
    classifiers: ["Framework :: Django"]
    releases:
      - {version: "0.16.0", date: 2024-01-01}
"""

REQUIREMENTS = """\
Django==5.2.1
django-filter==24.3   # search
django-extensions==4.1
django-mptt==0.16.0
requests==2.32.0
not a requirement
"""


@pytest.fixture
def fake_registry() -> FakeRegistry:
    return FakeRegistry(parse_yaml_projects(PROJECTS))


@pytest.fixture
def django(shell: CommandRunner) -> CommandRunner:
    assert shell.invoke("fetch", "-p", "django", command="pyf").code == 0
    (shell.folder / "requirements.txt").write_text(REQUIREMENTS)
    return shell


def check(shell: CommandRunner, *arguments: str) -> CompletedCommand:
    return shell.invoke("check", "-p", "django", *arguments, command="pyf")


def test_report_lists_the_worst_first_and_fails(django: CommandRunner) -> None:
    completed = check(django, "requirements.txt", "--to", "Django 6.0", "--json")

    report = completed.report
    statuses = {package["name"]: package["status"] for package in report["packages"]}
    assert completed.code == 3
    assert report["goal"] == "Django 6.0"
    assert statuses["Django"] == "upgrade"
    assert statuses["requests"] == "unlisted"
    assert list(statuses.values()) == sorted(
        statuses.values(), key=["blocked", "upgrade", "unknown", "unlisted", "ready"].index
    )
    assert report["problems"] == ["requirements.txt:6: not a requirement: not a requirement"]
    assert "Warning: requirements.txt:6" in completed.err


@pytest.mark.parametrize("command", ["check requirements.txt", "readiness"])
def test_goal_that_no_release_has_is_a_warning(django: CommandRunner, command: str) -> None:
    completed = django.invoke(*command.split(), "-p", "django", "--to", "Django 9.9", "--json", command="pyf")

    remark = "No release Django 9.9 is known; the newest is 6.0"
    assert f"Warning: {remark}\n" in completed.err
    assert remark in (completed.report.get("remark"), *completed.report.get("problems", ()))


def test_without_a_goal_nothing_fails_and_replacements_are_named(django: CommandRunner) -> None:
    completed = check(django, "requirements.txt")

    assert completed.code == 0
    assert "use django-tree-queries" in " ".join(completed.out.split())
    assert completed.out.splitlines()[-1].startswith("5 packages: ")


def test_markdown_is_a_table_of_what_is_not_ready(django: CommandRunner) -> None:
    completed = check(django, "requirements.txt", "--to", "6.0", "--markdown")

    lines = completed.out.splitlines()
    assert lines[0].startswith("### Django 6.0: 5 packages: ")
    assert lines[2] == "| package | used | newest | status | details |"
    assert all(line.count(" | ") == 4 for line in lines[4:])
    assert not any(line.startswith("| django-extensions ") for line in lines)


def test_passwords_of_urls_are_not_printed(django: CommandRunner) -> None:
    (django.folder / "private.txt").write_text(
        "--index-url https://ada:s3cret-word@mirror.example/simple\n"
        "-r https://ada:s3cret-word@files.example/base.txt\n"
        "-e git+https://ada:s3cret-word@git.example/acme/filter.git#egg=django-filter\n"
    )

    for output in ((), ("--json",), ("--markdown",)):
        completed = check(django, "private.txt", "--to", "6.0", *output)
        assert "git+https://***@git.example/acme/filter.git" in "".join(completed.out.split())
        assert "https://***@files.example/base.txt is not read" in completed.err
        assert "s3cret-word" not in completed.out + completed.err


def test_lines_for_another_python_are_not_checked(django: CommandRunner) -> None:
    (django.folder / "two.txt").write_text(
        'django-filter==24.3 ; python_version < "3.10"\ndjango-filter==25.2 ; python_version >= "3.10"\n'
    )

    report = check(django, "two.txt", "--to", "6.0", "--python", "3.14", "--json").report

    assert [(package["name"], package["used"]) for package in report["packages"]] == [("django-filter", "25.2")]
    assert report["problems"] == ["two.txt:1: django-filter is not for Python 3.14"]


def test_ready_means_that_every_package_is_known_to_support_the_goal(django: CommandRunner) -> None:
    (django.folder / "ready.txt").write_text("django-filter==25.2\n")
    (django.folder / "unlisted.txt").write_text("django-filter==25.2\nrequests\n")

    ready, unlisted = (check(django, name, "--to", "6.0", "--json") for name in ("ready.txt", "unlisted.txt"))

    assert (ready.code, ready.report["is_ready"]) == (0, True)
    assert (unlisted.code, unlisted.report["is_ready"]) == (0, False)


def test_environment_is_read(django: CommandRunner) -> None:
    venv.create(django.folder / "env", with_pip=False)
    (site_packages,) = (django.folder / "env").glob("lib/python*/site-packages")
    (site_packages / "django_filter-24.3.dist-info").mkdir()
    (site_packages / "django_filter-24.3.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: django-filter\nVersion: 24.3\n"
    )

    report = check(django, "--environment", "env", "--json").report

    assert [(package["name"], package["used"]) for package in report["packages"]] == [("django-filter", "24.3")]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("missing.txt",), "missing.txt: No such file or directory"),
        ((), "name a file to check, or an environment with --environment"),
        (("requirements.txt", "--to", "Plone 6.0"), "the collection is not about Plone, but about Django"),
        (("requirements.txt", "--python", "snake"), "'snake' is not a release of Python, such as 3.14"),
        (("--environment", "."), ". is not a virtual environment: it has no site-packages"),
    ],
)
def test_wrong_use_is_one_line(django: CommandRunner, arguments: tuple[str, ...], error: str) -> None:
    completed = check(django, *arguments)

    assert (completed.code, completed.error) == (2, error)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("Django==5.2\n".encode("utf-16-le"), "not UTF-8 text"),
        (b"\x80", "not UTF-8 text"),
        (b"#" * 20_000_001, "larger than 20 MB"),
    ],
)
def test_a_file_that_is_no_text_passes_no_check(django: CommandRunner, content: bytes, reason: str) -> None:
    (django.folder / "other.txt").write_bytes(content)

    completed = check(django, "other.txt", "--to", "6.0")

    assert (completed.code, completed.error) == (2, f"other.txt: {reason}")


def test_a_file_without_packages_is_a_warning(django: CommandRunner) -> None:
    (django.folder / "other.txt").write_text("# later\n")

    completed = check(django, "other.txt", "--to", "6.0")

    assert (completed.code, completed.err) == (0, "Warning: nothing to check: no line names a package\n")


def test_feed_url_follows_the_packages_of_the_collection(django: CommandRunner) -> None:
    url = "https://packages.example/django-index"

    completed = django.invoke(
        "check", "-p", "django", "requirements.txt", "--to", "6.0", "--feed", command="pyf", WEB_URL=url
    )

    names = ("django", "django-extensions", "django-filter", "django-mptt")
    assert completed.code == 0
    assert completed.out == (
        f"{url}/feeds/django/packages.atom?{'&'.join(f'package={name}' for name in names)}&to=Django+6.0\n"
    )
    assert check(django, "requirements.txt", "--feed").error == (
        "--feed needs WEB_URL, the public URL of the site whose feeds are followed"
    )
