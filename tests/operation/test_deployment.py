"""The files for those who run it as services: what can be known of them without running them."""

import re
import shutil
import subprocess
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml

from pyf.aggregator.metrics.declared import ALWAYS, OF_WORKERS
from pyf.aggregator.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
DECLARED = {each.sample for each in (*ALWAYS, *OF_WORKERS)}


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The units as they are, but for the programs, which are not installed where they say."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze")
    shutil.copytree(DEPLOY / "systemd", tmp_path, dirs_exist_ok=True)
    for unit in tmp_path.glob("*.service"):
        unit.write_text(re.sub(r"/opt/pyf/bin/\w+", "/bin/true", unit.read_text()))
    return sorted(tmp_path.glob("*.service"))


def analyzed(units: list[Path], *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"SYSTEMD_UNIT_PATH": f"{units[0].parent}:", "PATH": "/usr/bin:/bin"}
    command = ["systemd-analyze", *arguments, *map(str, units)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def test_systemd_finds_nothing_wrong_with_the_units(units: list[Path]) -> None:
    verified = analyzed(units, "verify", "--man=no")

    assert (verified.returncode, verified.stderr) == (0, "")


def test_a_unit_may_do_hardly_anything_but_its_work(units: list[Path]) -> None:
    for unit in units:
        judged = analyzed([unit], "security", "--offline=true", "--no-pager", "--threshold=20")

        assert judged.returncode == 0, judged.stdout


def test_each_unit_starts_a_command_that_exists() -> None:
    scripts = {script.name for script in entry_points(group="console_scripts")}

    started = {re.search(r"^ExecStart=/opt/pyf/bin/(\w+)", unit.read_text(), re.MULTILINE)[1] for unit in UNITS}  # type: ignore[index]

    assert [unit.stem for unit in UNITS] == ["pyf-beat", "pyf-page", "pyf-worker"]
    assert started <= scripts


def test_the_units_are_started_as_commands_are_documented() -> None:
    texts = "".join(unit.read_text() for unit in UNITS)

    assert "celery -A pyf.aggregator.queue worker --loglevel=info" in texts
    assert "celery -A pyf.aggregator.queue beat --loglevel=info" in texts


def rules() -> list[dict[str, Any]]:
    told = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
    return [rule for group in told["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_goes_by_metrics_that_there_are_and_is_explained(rule: dict[str, Any]) -> None:
    used = set(re.findall(r"\bpyf_\w+", rule["expr"]))

    assert used <= DECLARED
    assert rule["annotations"]["summary"]
    assert f"| `{rule['alert']}` |" in (ROOT / "docs/how-to/monitor.md").read_text()


@pytest.mark.parametrize("page", ["monitor.md", "run-as-services.md", "when-something-goes-wrong.md"])
def test_what_the_how_tos_name_exists(page: str) -> None:
    text = (ROOT / "docs/how-to" / page).read_text()

    metrics = set(re.findall(r"`[^`\n]*?\b(pyf_[a-z_]+)", text))
    settings = set(re.findall(r"`([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)(?![_*A-Z])", text))
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)

    assert metrics <= DECLARED
    assert {name.lower() for name in settings} <= Settings.model_fields.keys()
    assert all((ROOT / "docs/how-to" / link).exists() for link in links)
