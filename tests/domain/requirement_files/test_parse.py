"""Requirement files: each line is a package or a problem."""

from collections.abc import Mapping
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.errors import Invalid
from pyf.aggregator.domain.requirement_files import PackageList, ReadFile, parse_requirement_file


def parse(name: str, text: str, read_file: ReadFile | None = None) -> PackageList:
    return parse_requirement_file(name, dedent(text), read_file)


def list_pins(listed: PackageList) -> list[tuple[str, str]]:
    return [(package.name_normalized, package.version or package.specifier) for package in listed.packages]


def make_reader(files: Mapping[str, str]) -> ReadFile:
    def read_file(path: str) -> str:
        if path not in files:
            raise Invalid(f"{path}: no such file")
        return files[path]

    return read_file


def test_pip_freeze_output() -> None:
    listed = parse("requirements.txt", "Django==5.2.1\r\ndjango_filter==25.1\r\nzope.interface==7.2\r\n")

    assert list_pins(listed) == [("django", "5.2.1"), ("django-filter", "25.1"), ("zope-interface", "7.2")]
    assert [package.location for package in listed.packages] == [f"requirements.txt:{line}" for line in (1, 2, 3)]
    assert not listed.problems


def test_compiled_file_with_hashes_and_comments() -> None:
    listed = parse(
        "requirements.txt",
        """\
        #
        # made by a tool
        #
        --index-url https://pypi.example/simple
        django==5.2.1 \\
            --hash=sha256:aaaa \\
            --hash=sha256:bbbb
            # via -r requirements.in
        sqlparse==0.5.3 ; python_version < "3.14" \\
            --hash=sha256:cccc
            # via django
        """,
    )

    assert list_pins(listed) == [("django", "5.2.1"), ("sqlparse", "0.5.3")]
    assert [package.marker for package in listed.packages] == ["", 'python_version < "3.14"']
    assert not listed.problems


def test_extras_ranges_and_wildcards_are_no_pins() -> None:
    listed = parse("requirements.in", "celery[redis,msgpack]>=5.4,<6\nDjango~=5.1\nwagtail==6.*\nplone.api\n")

    assert list_pins(listed) == [("celery", "<6,>=5.4"), ("django", "~=5.1"), ("wagtail", "==6.*"), ("plone-api", "")]
    assert not any(package.version for package in listed.packages)


def test_urls_paths_and_editables_keep_their_source() -> None:
    listed = parse(
        "requirements.txt",
        """\
        -e git+https://git.example/team/flask-extra.git@main#egg=flask-extra
        --editable=./plugins/local
        django-fork @ https://files.example/django_fork-1.0.tar.gz
        https://files.example/wheels/django_tools-2.1-py3-none-any.whl#sha256=abc
        ./downloads/flask-login-0.6.3.tar.gz
        -e .
        """,
    )

    assert list_pins(listed) == [
        ("flask-extra", ""),
        ("django-fork", ""),
        ("django-tools", "2.1"),
        ("flask-login", "0.6.3"),
    ]
    assert all(package.source for package in listed.packages)
    assert listed.problems == (
        "requirements.txt:2: the name of the package is not known: ./plugins/local",
        "requirements.txt:6: the name of the package is not known: .",
    )


def test_included_files_are_read_from_the_folder_of_the_file() -> None:
    files = {
        "deploy/base.txt": "-c ../constraints.txt\nflask==3.1.0\n",
        "constraints.txt": "werkzeug==3.1.3\n",
    }

    listed = parse("deploy/prod.txt", "-rbase.txt\n--requirement missing.txt\ngunicorn\n", make_reader(files))

    assert list_pins(listed) == [("werkzeug", "3.1.3"), ("flask", "3.1.0"), ("gunicorn", "")]
    assert listed.packages[0].location == "constraints.txt:1"
    assert listed.problems == ("deploy/prod.txt:2: deploy/missing.txt: no such file",)


def test_file_that_includes_itself_ends() -> None:
    listed = parse("a.txt", "-r a.txt\nflask\n", make_reader({"a.txt": "-r a.txt\nflask\n"}))

    assert list_pins(listed)[0] == ("flask", "")
    assert "includes itself" in listed.problems[0]


def test_include_without_a_reader_is_a_problem() -> None:
    listed = parse("requirements.txt", "-r base.txt\nflask\n")

    assert list_pins(listed) == [("flask", "")]
    assert listed.problems == ("requirements.txt:1: base.txt is another file. Check it, too",)


def test_line_that_is_no_requirement_is_named() -> None:
    listed = parse("requirements.txt", "flask==3.0\nFlask Login 0.6\n${PACKAGE}==1\n")

    assert list_pins(listed) == [("flask", "3.0")]
    assert listed.problems == (
        "requirements.txt:2: not a requirement: Flask Login 0.6",
        "requirements.txt:3: not a requirement: ${PACKAGE}==1",
    )


# Each took minutes if its time grew with the square of the length.
@pytest.mark.parametrize("text", ["\n" * 200_000, "flask" + " " * 200_000 + "x"])
def test_long_blanks_cost_little(text: str) -> None:
    assert parse_requirement_file("", text).packages == ()


def test_marker_of_many_parentheses_is_a_problem() -> None:
    listed = parse("requirements.txt", f"flask; {'(' * 50_000}\ndjango")

    assert [package.name for package in listed.packages] == ["django"]
    assert len(listed.problems) == 1


def test_pyproject_with_extras_and_groups() -> None:
    listed = parse(
        "pyproject.toml",
        """\
        [project]
        name = "site"
        dependencies = ["django>=5.2", "django-filter==25.1"]
        [project.optional-dependencies]
        rest = ["djangorestframework"]
        [dependency-groups]
        dev = ["pytest-django", {include-group = "lint"}]
        lint = ["ruff"]
        """,
    )

    assert list_pins(listed) == [
        ("django", ">=5.2"),
        ("django-filter", "25.1"),
        ("djangorestframework", ""),
        ("pytest-django", ""),
        ("ruff", ""),
    ]
    assert listed.packages[2].location == "pyproject.toml: extra rest"


@pytest.mark.parametrize(
    ("constraint", "specifier"),
    [
        ("^1.2.3", ">=1.2.3,<2"),
        ("^0.2.3", ">=0.2.3,<0.3"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("~1.2", ">=1.2,<1.3"),
        ("~1", ">=1,<2"),
        ("*", ""),
        ("1.4", "==1.4"),
        (">=2,<3", ">=2,<3"),
    ],
)
def test_poetry_constraints(constraint: str, specifier: str) -> None:
    listed = parse("pyproject.toml", f'[tool.poetry.dependencies]\npython = "^3.11"\nflask = "{constraint}"\n')

    (package,) = listed.packages
    assert set(package.specifier.split(",")) == set(specifier.split(","))


def test_poetry_tables_groups_and_sources() -> None:
    listed = parse(
        "pyproject.toml",
        """\
        [tool.poetry.dependencies]
        fastapi = {version = "^0.115", extras = ["standard"]}
        local = {path = "../local"}
        [tool.poetry.group.dev.dependencies]
        pytest = [{version = "8.3", python = ">=3.9"}, {version = "7.4", python = "<3.9"}]
        """,
    )

    assert list_pins(listed) == [("fastapi", "<0.116,>=0.115"), ("local", ""), ("pytest", "8.3"), ("pytest", "7.4")]
    assert listed.packages[1].source == "../local"


@pytest.mark.parametrize("name", ["uv.lock", "poetry.lock"])
def test_lock_files_leave_the_project_out(name: str) -> None:
    listed = parse(
        name,
        """\
        version = 1
        [[package]]
        name = "site"
        version = "0.1.0"
        source = { editable = "." }
        [[package]]
        name = "Flask"
        version = "3.1.0"
        source = { registry = "https://pypi.example/simple" }
        [[package]]
        name = "fork"
        version = "1.0"
        source = { git = "https://git.example/team/fork?rev=main#123" }
        """,
    )

    assert list_pins(listed) == [("flask", "3.1.0"), ("fork", "1.0")]
    assert [package.source for package in listed.packages] == ["", "https://git.example/team/fork?rev=main#123"]


def test_pylock_of_pep_751() -> None:
    listed = parse(
        "pylock.dev.toml",
        """\
        lock-version = "1.0"
        [[packages]]
        name = "django"
        version = "5.2"
        [[packages]]
        name = "tool"
        vcs = {type = "git", url = "https://git.example/tool"}
        [[packages]]
        version = "1"
        """,
    )

    assert list_pins(listed) == [("django", "5.2"), ("tool", "")]
    assert listed.problems == ("pylock.dev.toml: package 3: an entry without a name",)


def test_pipfile_lock() -> None:
    text = '{"default": {"flask": {"version": "==3.0.3"}}, "develop": {"tool": {"git": "https://git.example/tool"}}}'

    assert list_pins(parse("Pipfile.lock", text)) == [("flask", "3.0.3"), ("tool", "")]


def test_buildout_versions() -> None:
    listed = parse(
        "versions.cfg",
        """\
        [buildout]
        extends = https://dist.plone.example/6.1/versions.cfg
        [versions]
        # pinned for the site
        Products.CMFPlone = 6.1.1
        plone.api=2.5.0   # newest
        collective.easyform =
        setuptools = <81
        [versions:python312]
        plone.app.event = 5.2.2
        """,
    )

    assert list_pins(listed) == [
        ("products-cmfplone", "6.1.1"),
        ("plone-api", "2.5.0"),
        ("setuptools", "<81"),
        ("plone-app-event", "5.2.2"),
    ]
    assert listed.problems == (
        "versions.cfg: extends https://dist.plone.example/6.1/versions.cfg, which is not read. Check it, too",
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [("pyproject.toml", "[project"), ("uv.lock", "\x00"), ("Pipfile.lock", "{"), ("versions.cfg", "no section")],
)
def test_broken_file_is_invalid_and_named(name: str, text: str) -> None:
    with pytest.raises(Invalid, match=name):
        parse(name, text)


@pytest.mark.parametrize(
    ("text", "package"),
    [
        ("flask==3.0\n", ("flask", "3.0")),
        ("[project]\ndependencies = ['flask==3.0']\n", ("flask", "3.0")),
        ("[[package]]\nname = 'flask'\nversion = '3.0'\n", ("flask", "3.0")),
        ("[versions]\nflask = 3.0\n", ("flask", "3.0")),
        ("\ufeffflask==3.0\n", ("flask", "3.0")),
    ],
)
def test_pasted_text_is_recognized_by_its_content(text: str, package: tuple[str, str]) -> None:
    assert list_pins(parse("", text)) == [package]


def test_rest_of_an_absurdly_long_file_is_not_read() -> None:
    many = parse("requirements.txt", "a\n" * 20_005)
    long = parse("requirements.txt", f"a{'>=1,' * 2_000}>1\n" * 60)

    assert (len(many.packages), many.problems) == (20_000, ("the rest of the file is not read, after 20,000 packages",))
    assert (len(long.packages), long.problems) == (50, ("the rest of the file is not read, after 50 packages",))
    assert parse("requirements.txt", f"a{'>=1,' * 3_000}>1\n").packages == ()


@given(
    name=st.sampled_from(["requirements.txt", "pyproject.toml", "uv.lock", "Pipfile.lock", "versions.cfg", ""]),
    text=st.text(alphabet="abz019 =<>.-_[]{}\"'#;@:/\\\n\r\t\0,~^$é\u2028", max_size=200),
)
def test_any_text_gives_packages_problems_or_one_error(name: str, text: str) -> None:
    try:
        listed = parse_requirement_file(name, text)
    except Invalid as error:
        assert "\n" not in str(error)  # noqa: PT017
        return
    assert all(package.name_normalized and package.location for package in listed.packages)


@given(
    st.lists(st.sampled_from(["flask==3", "not a line", "-r x", "./path", "django>=4 # why", "a @ https://x.example"]))
)
def test_every_line_is_accounted_for(lines: list[str]) -> None:
    listed = parse_requirement_file("r.txt", "\n".join(lines))

    assert len(listed.packages) + len(listed.problems) == len(lines)
