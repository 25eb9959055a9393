"""The recipes of the documentation run as they are written, with a short PATH and no other settings."""

import re
import subprocess
import sys
from pathlib import Path

from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner

ROOT = Path(__file__).parents[2]
CRONTAB_LINE = re.compile(r"^(?:\S+ +){5}(cd .*)$", re.MULTILINE)


def run_like_cron(command: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=home,
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "LOGNAME": "user"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_crontab_lines(shell: CommandRunner, pypi: LocalPyPI) -> None:
    home = shell.folder
    (home / ".local" / "bin").mkdir(parents=True)
    (home / ".local" / "bin" / "pyf").symlink_to(Path(sys.executable).parent / "pyf")
    (home / "pyf").mkdir()
    (home / "pyf" / ".env").write_text(f"PYPI_BASE_URL={pypi.url}\n")
    fetched = run_like_cron("cd ~/pyf && ~/.local/bin/pyf fetch -p plone", home)
    assert fetched.returncode == 0, fetched.stderr

    commands = CRONTAB_LINE.findall((ROOT / "docs/how-to/keep-up-to-date.md").read_text())

    assert len(commands) == 2
    for command in commands:
        result = run_like_cron(command, home)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    log = (home / "pyf" / "pyf.log").read_text()
    assert re.findall(r"^(update|refresh) plone", log, re.MULTILINE) == ["update", "refresh"]
    assert len(re.findall(r"│ finished .*\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", log)) == 2


def test_shell_of_the_systemd_recipe_reads_the_environment_file(shell: CommandRunner, pypi: LocalPyPI) -> None:
    text = (ROOT / "docs/how-to/run-as-services.md").read_text()
    (command,) = re.findall(r"^runuser -u pyf -- sh -c '(.*)'$", text, re.MULTILINE)
    (link,) = re.findall(r"^ln -s (\S+ \S+)", text, re.MULTILINE)
    assert link == "/etc/pyf/env /var/lib/pyf/.env"
    (shell.folder / "env").write_text(f"PYPI_BASE_URL={pypi.url}   # a mirror\n")
    (shell.folder / ".env").symlink_to(shell.folder / "env")
    folders = {"/var/lib/pyf": str(shell.folder), "/opt/pyf/bin": str(Path(sys.executable).parent)}

    for documented, used in folders.items():
        command = command.replace(documented, used)
    result = run_like_cron(command, shell.folder.parent)

    assert (result.returncode, (shell.folder / "pyf.sqlite3").exists()) == (0, True), result.stderr
