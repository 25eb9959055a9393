"""`pyf`: help, suggestions, completion, doctor, and the subcommands that have no older name."""

import gzip
import json
import os
import re
import socket
import subprocess
import sys

import click
import pytest

from pyf.aggregator.cli.main import SECTIONS, main
from pyf.aggregator.config.profiles import load_profiles
from support.cli_runner import PYF, CommandRunner, CompletedCommand

HEAVY = {"aiohttp", "stamina", "bs4", "requests", "httpx", "rich", "tantivy", "litestar", "celery", "redis"}


def run_pyf(shell: CommandRunner, arguments: str, **settings: object) -> CompletedCommand:
    return shell.invoke(*arguments.split(), command="pyf", **settings)


@pytest.fixture
def plone(shell: CommandRunner) -> CommandRunner:
    assert run_pyf(shell, "fetch -p plone").code == 0
    return shell


def test_help_lists_every_command_in_a_section(shell: CommandRunner) -> None:
    bare, with_option = run_pyf(shell, ""), run_pyf(shell, "--help")

    assert (bare.code, bare.out) == (0, with_option.out)
    context = click.Context(main)
    for title, entries in SECTIONS.items():
        assert f"{title}:" in bare.out
        assert all(f"  {name} " in bare.out for name in entries)
        assert all(main.get_command(context, name) for name in entries)
    assert "Examples:" in bare.out


@pytest.mark.parametrize("name", [name for entries in SECTIONS.values() for name in entries])
def test_every_command_has_help(shell: CommandRunner, name: str) -> None:
    result = run_pyf(shell, f"{name} -h")

    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"Usage: pyf {name}")


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        ("fecth", "Did you mean fetch?"),
        ("collection lst", "Did you mean list?"),
        ("zzz", "Run `pyf --help`"),
        ("fetch --limt 3", "--limit"),
        ("fetch -p plonne", "Did you mean plone?"),
        ("profile show flaks", "Did you mean flask?"),
        ("search x -t plonr", "Did you mean plone?"),
        ("show x -t plonr", "Did you mean plone?"),
        ("collection info plonr", "Did you mean plone?"),
        ("collection delete plonr -y", "Did you mean plone?"),
        ("alias set p plonr", "Did you mean plone?"),
        ("search x -p plone --health goood", "'good'"),
    ],
)
def test_misspelling_gets_a_suggestion(plone: CommandRunner, arguments: str, suggestion: str) -> None:
    result = run_pyf(plone, arguments)

    assert (result.code, suggestion in result.error) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    ["search x", "show x", "history x", "explain x", "check /dev/null", "readiness", "collection info flask"],
)
def test_reading_a_missing_collection_names_the_command_that_creates_it(plone: CommandRunner, arguments: str) -> None:
    result = run_pyf(plone, arguments if "info" in arguments else f"{arguments} -p flask")

    created_by = "pyf fetch -p PROFILE -t flask" if "info" in arguments else "pyf fetch -p flask"
    assert (result.code, result.error) == (2, f"Collection flask does not exist. Create it with: {created_by}")


def test_misspelled_setting_gets_a_warning(shell: CommandRunner) -> None:
    (shell.folder / ".env").write_text("PYPI_MAX_WORKER=3\nGITHUB_ACTIONS=true\nUNRELATED=1\n")

    result = run_pyf(shell, "-q profile list", typesense_hots="x")

    assert result.err.splitlines() == [
        "Warning: unknown setting PYPI_MAX_WORKER. Did you mean PYPI_MAX_WORKERS?",
        "Warning: unknown setting TYPESENSE_HOTS. Did you mean TYPESENSE_HOST?",
    ]


@pytest.mark.parametrize("arguments", ["-q collection list --names", "collection list --names --quiet"])
def test_quiet_prints_reports_and_errors_only(plone: CommandRunner, arguments: str) -> None:
    normal, quiet = run_pyf(plone, "collection list --names"), run_pyf(plone, arguments)
    failed = run_pyf(plone, "-q show nowhere -p plone")

    assert normal.err.startswith("Index: ")
    assert (quiet.out, quiet.err) == (normal.out, "")
    assert failed.err == "Error: nowhere is not in the collection plone\n"


def test_verbose_prints_log_lines(shell: CommandRunner) -> None:
    result = shell.run("-vv", "fetch", "-p", "plone", "--dry-run", module=PYF)

    assert "DEBUG" in result.err
    assert run_pyf(shell, "-q -v profile list").code == 2


def test_runs_report_like_the_older_commands(plone: CommandRunner) -> None:
    update, refresh = run_pyf(plone, "update -p plone --json"), run_pyf(plone, "refresh -p plone --json --all-statuses")
    older = plone.invoke("-i", "-p", "plone", "--json")

    assert (update.code, update.report["action"]) == (0, older.report["action"])
    assert (refresh.code, refresh.report["action"]) == (0, "refresh")
    assert run_pyf(plone, "show Plone.Api -p plone").report["id"].startswith("Plone.Api-")
    assert run_pyf(plone, "explain Plone.Api -p plone --json").report["name"] == "Plone.Api"
    assert "It is in the collection" in run_pyf(plone, "why Plone.Api -p plone").out


def test_fetch_by_classifier(shell: CommandRunner) -> None:
    result = shell.invoke("fetch", "--classifier", "Framework :: Flask", "-t", "f", "--json", command="pyf")

    assert (result.code, result.report["indexed"]) == (0, 1)


def test_collection_create_copy_export_import_delete(plone: CommandRunner) -> None:
    created = run_pyf(plone, "collection create flask")
    again = run_pyf(plone, "collection create flask")
    assert (created.code, again.code) == (0, 2)
    assert "exists" in again.error
    assert plone.get_state("flask").filter.profile == "flask"

    assert run_pyf(plone, "collection copy plone two --json").report["copied"] == 4
    assert run_pyf(plone, "collection export plone e.gz --json").code == 0
    assert run_pyf(plone, "collection import three e.gz --json").report["copied"] == 4
    assert run_pyf(plone, "collection rebuild plone --json").code == 0
    assert run_pyf(plone, "collection rebuild plone --from-pypi --json").report["found"] == 4
    assert run_pyf(plone, "collection delete two-1").code == 2
    assert run_pyf(plone, "collection delete two-1 -y").code == 0
    names = run_pyf(plone, "collection list --names").out.split()
    assert names == ["flask", "plone", "three"]
    (details,) = run_pyf(plone, "collection info plone --json").report["collections"]
    assert (details["names"], details["collection"]) == (["plone"], "plone-3")


def test_history_of_a_package_and_of_a_collection(plone: CommandRunner) -> None:
    table = run_pyf(plone, "history plone.api -p plone")
    months = run_pyf(plone, "history plone.api -p plone --json").report
    exported = run_pyf(plone, "collection export plone - --format csv")
    parquet = run_pyf(plone, "collection export plone h.parquet --json")
    run_pyf(plone, "collection export plone h.CSV.gz")
    run_pyf(plone, "collection export plone csv")

    assert months[0]["month"] in table.out
    assert months[0]["score"] == run_pyf(plone, "show plone.api -p plone").report["health_score"]
    assert f"plone-api,{months[0]['month']},{months[0]['score']},,," in exported.out
    assert (parquet.code, parquet.report["found"], parquet.report["copied"]) == (0, 4, 4)
    assert (plone.folder / "h.parquet").read_bytes().startswith(b"PAR1")
    assert gzip.decompress((plone.folder / "h.CSV.gz").read_bytes()).startswith(b"package,month,")
    assert (plone.folder / "csv").read_bytes().startswith(b"{"), "a name without an ending"


@pytest.mark.parametrize(
    "url", ["packages.example.org", "https://", "http://[", "https://packages.example.org/?page=1"]
)
def test_site_needs_the_url_of_a_folder(shell: CommandRunner, url: str) -> None:
    completed = run_pyf(shell, f"site build public --base-url {url}")

    assert (completed.code, "is not a URL, such as https://packages.example.org" in completed.error) == (2, True)


def test_alias_remove_keeps_the_collection(plone: CommandRunner) -> None:
    assert run_pyf(plone, "alias set p plone").code == 0
    assert "p → plone" in run_pyf(plone, "alias list").out

    refused = run_pyf(plone, "alias remove p")
    removed = run_pyf(plone, "alias remove p -y")
    of_collection = run_pyf(plone, "alias remove plone-1 -y")

    assert (refused.code, removed.code, of_collection.code) == (2, 0, 2)
    assert "confirm with -y/--yes" in refused.error
    assert "pyf collection delete plone-1" in of_collection.error
    assert plone.list_collections() == {"plone-1": ("plone",)}


def test_key_add_list_remove(plone: CommandRunner) -> None:
    value = run_pyf(plone, "key add -t plone --value my-own-key-of-20-chars").out.strip()
    (key,) = json.loads(run_pyf(plone, "key list --json").out)

    assert (value, key["collections"]) == ("my-own-key-of-20-chars", ["plone"])
    assert run_pyf(plone, f"key remove {key['id']} -y").code == 0
    assert json.loads(run_pyf(plone, "key list --json").out) == []


def test_profile_list_and_show(shell: CommandRunner) -> None:
    (shell.folder / "mine.yaml").write_text('profiles: {mine: {name: Mine, classifiers: ["Framework :: Pelican"]}}\n')

    listed = json.loads(run_pyf(shell, "profile list --json", profiles_file="mine.yaml").out)
    shown = run_pyf(shell, "profile show mine", profiles_file="mine.yaml")

    assert [profile["key"] for profile in listed] == [*load_profiles(), "mine"]
    assert shown.out.startswith("# From mine.yaml\nprofiles:\n  mine:\n    classifiers:\n")
    assert run_pyf(shell, "profile show plone").out.startswith("# From the built-in profiles\n")


def test_profile_check_counts_and_finds_unknown_classifiers(shell: CommandRunner) -> None:
    (shell.folder / "mine.yaml").write_text(
        'profiles: {mine: {name: Mine, classifiers: ["Framework :: Flask", "Framework :: Pelicann"]}}\n'
    )

    result = run_pyf(shell, "profile check mine --json", profiles_file="mine.yaml")
    offline = run_pyf(shell, "profile check plone --offline --json")

    known, unknown = result.report["mine"]
    assert (result.code, known["is_known"], known["project_count"]) == (3, True, 1)
    assert (unknown["is_known"], unknown["suggestion"]) == (False, "Did you mean Framework :: Pelican?")
    assert (offline.code, offline.report["plone"][0]["project_count"]) == (0, None)


def test_profile_check_without_pypi_prints_what_it_knows(shell: CommandRunner) -> None:
    result = run_pyf(shell, "profile check plone --json", pypi_base_url="http://127.0.0.1:1", pypi_max_retries=0)

    assert (result.code, result.report["plone"][0]["is_known"]) == (4, True)
    assert "--offline" in result.error


def test_doctor_reports_settings_index_and_services(plone: CommandRunner) -> None:
    (plone.folder / ".env").write_text("PYPI_MAX_WORKERS=3\n")
    result = run_pyf(plone, "doctor --json", github_token="secret-of-a-user", github_api_url="http://127.0.0.1:9")

    checks = {check["check"]: check for check in result.report["checks"]}
    assert result.code == 4
    assert result.report["settings"]["GITHUB_TOKEN"] == "*** (environment)"
    assert result.report["settings"]["PYPI_MAX_WORKERS"] == "3 (.env, line 1)"
    assert "secret-of-a-user" not in result.out + result.err
    assert (checks["PyPI"]["status"], checks["PyPI changelog"]["status"]) == ("ok", "ok")
    assert (checks["GitHub"]["status"], checks["GitHub"]["advice"]) == ("failed", "Check GITHUB_API_URL.")
    assert checks["queue"]["detail"] == "not in use: REDIS_HOST is not set"
    assert checks["index (sqlite)"]["detail"].endswith("index.sqlite3: 1 collection; no damage found")
    collection = checks["collection plone"]
    assert (collection["status"], collection["advice"]) == ("ok", "")
    assert re.fullmatch(
        r"4 packages; search finds 4 of 4; updated: \d+ seconds ago; statuses: \d+ seconds ago; "
        "repository data: never; downloads: never",
        collection["detail"],
    )


def test_doctor_reports_damage_and_old_data(plone: CommandRunner) -> None:
    with plone.open_database() as database, database.writing() as connection:
        connection.execute("DELETE FROM documents WHERE name = 'plone-api'")
        connection.execute("UPDATE projects SET status_checked = 1000000000")

    result = run_pyf(plone, "doctor --offline --json", github_token="t")

    checks = {check["check"]: check for check in result.report["checks"]}
    assert result.code == 4
    assert (checks["index (sqlite)"]["status"], "plone-api: 0 of" in checks["index (sqlite)"]["detail"]) == (
        "failed",
        True,
    )
    assert "statuses and advisories are old" in checks["collection plone"]["detail"]
    assert "Run `pyf refresh -t plone`." in checks["collection plone"]["advice"]


def test_doctor_reports_services_that_do_not_answer_over_http(plone: CommandRunner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        result = run_pyf(plone, "doctor --json", pypi_base_url=url, redis_host=f"127.0.0.1:{url.rpartition(':')[2]}")

    statuses = {check["check"]: check["status"] for check in result.report["checks"]}
    assert (statuses["PyPI"], statuses["PyPI changelog"], statuses["queue"]) == ("failed", "failed", "warning")


@pytest.mark.parametrize("width", [80, 120])
def test_doctor_fits_the_terminal(plone: CommandRunner, width: int) -> None:
    result = run_pyf(plone, "doctor --offline", columns=width)

    assert max(map(len, result.out.splitlines())) <= max(width, 110)
    assert "→ Create a token without scopes, and set GITHUB_TOKEN." in result.out


def test_doctor_offline_exit_codes(plone: CommandRunner) -> None:
    good = run_pyf(plone, "doctor --offline", github_token="t")
    without_token = run_pyf(plone, "doctor --offline")
    broken = run_pyf(plone, "doctor --offline", sqlite_path=plone.folder)
    broken_file = run_pyf(plone, "doctor --offline", profiles_file="nowhere.yaml", github_token="t")

    assert [good.code, without_token.code, broken.code, broken_file.code] == [0, 3, 4, 4]
    assert "GITHUB_TOKEN" in without_token.out
    assert "nowhere.yaml" in broken_file.out


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: CommandRunner, shell_name: str) -> None:
    result = run_pyf(shell, f"completion {shell_name}")

    assert (result.code, result.err) == (0, "")
    assert f"_PYF_COMPLETE={shell_name}_complete" in result.out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("pyf fe", ["fetch"]),
        ("pyf fetch -p fl", ["flask"]),
        ("pyf search -t pl", ["plone"]),
        ("pyf collection info pl", ["plone"]),
        ("pyf collection cr", ["create"]),
        ("pyf profile show dj", ["django"]),
        ("pyf alias remove pl", ["plone"]),
    ],
)
def test_completion_of_commands_profiles_and_collections(plone: CommandRunner, words: str, expected: list[str]) -> None:
    command, *_ = words.split()
    environment = {
        "_PYF_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    program = f"from pyf.aggregator.cli.main import main; main(prog_name={command!r})"
    completed = subprocess.run(
        [sys.executable, "-c", program],
        cwd=plone.folder,
        env={"PATH": os.environ["PATH"], "SQLITE_PATH": str(plone.folder / "index.sqlite3"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (completed.stdout.split(), completed.stderr) == ([f"plain,{word}" for word in expected], "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["pyf", "--help"],
        ["pyf", "fetch", "--help"],
        ["pyf", "collection", "list", "--names"],
        ["pyf", "alias", "list"],
        ["pyf", "profile", "show", "plone"],
        ["pyf", "show", "Plone.Api", "-t", "plone"],
        ["pyfupdater", "-lsn"],
    ],
    ids=" ".join,
)
def test_short_commands_import_no_heavy_module(plone: CommandRunner, arguments: list[str]) -> None:
    module = {"pyf": "main", "pyfupdater": "documented.updater"}[arguments[0]]
    program = (
        f"import sys\nfrom pyf.aggregator.cli.{module} import main\n"
        f"try:\n    main({arguments[1:]!r})\n"
        f"except SystemExit as end:\n    print(end.code, sorted({HEAVY!r} & sys.modules.keys()), file=sys.stderr)\n"
    )
    completed = subprocess.run(
        [sys.executable, "-c", program],
        cwd=plone.folder,
        env={"PATH": os.environ["PATH"], "SQLITE_PATH": str(plone.folder / "index.sqlite3")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert completed.stderr.splitlines()[-1] == "0 []"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("search --licens mit", "no option --licens. Did you mean --license? Options: `pyf search --help`."),
        ("fetch --limit", "Option '--limit' requires an argument."),
        ("collection info --jsn", "no option --jsn. Did you mean --json? Options: `pyf collection info --help`."),
    ],
)
def test_wrong_option_names_the_likely_one_and_the_help_page(
    shell: CommandRunner, arguments: str, message: str
) -> None:
    completed = run_pyf(shell, arguments)

    assert (completed.code, completed.err) == (2, f"Error: {message}\n")
