"""Static checks of systemd units, alert rules and how-to pages."""

import re
import shutil
import subprocess
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml

from pyf.aggregator.metrics.definitions import COMMON_METRICS, WORKER_METRICS
from pyf.aggregator.settings import SETTINGS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
METRIC_NAMES = {each.sample_name for each in (*COMMON_METRICS, *WORKER_METRICS)}


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """Copies of the units whose programs exist on this machine."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze")
    shutil.copytree(DEPLOY / "systemd", tmp_path, dirs_exist_ok=True)
    for unit in tmp_path.glob("*.service"):
        unit.write_text(re.sub(r"/opt/pyf/bin/\w+", "/bin/true", unit.read_text()))
    return sorted(tmp_path.glob("*.service"))


def run_systemd_analyze(units: list[Path], *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"SYSTEMD_UNIT_PATH": f"{units[0].parent}:", "PATH": "/usr/bin:/bin"}
    command = ["systemd-analyze", *arguments, *map(str, units)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def test_systemd_units_are_valid(units: list[Path]) -> None:
    result = run_systemd_analyze(units, "verify", "--man=no")

    assert (result.returncode, result.stderr) == (0, "")


def test_systemd_units_are_hardened(units: list[Path]) -> None:
    for unit in units:
        result = run_systemd_analyze([unit], "security", "--offline=true", "--no-pager", "--threshold=20")

        assert result.returncode == 0, result.stdout


def test_systemd_units_start_existing_commands() -> None:
    scripts = {script.name for script in entry_points(group="console_scripts")}

    commands = {re.search(r"^ExecStart=/opt/pyf/bin/(\w+)", unit.read_text(), re.MULTILINE)[1] for unit in UNITS}  # type: ignore[index]

    assert [unit.stem for unit in UNITS] == ["pyf-beat", "pyf-page", "pyf-watch", "pyf-worker"]
    assert commands <= scripts


def test_systemd_units_use_documented_commands() -> None:
    texts = "".join(unit.read_text() for unit in UNITS)

    assert "pyf queue worker" in texts
    assert "pyf queue beat" in texts


def load_alert_rules() -> list[dict[str, Any]]:
    alerts = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
    return [rule for group in alerts["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("rule", load_alert_rules(), ids=lambda rule: rule["alert"])
def test_alert_uses_existing_metrics_and_is_documented(rule: dict[str, Any]) -> None:
    used = set(re.findall(r"\bpyf_\w+", rule["expr"]))

    assert used <= METRIC_NAMES
    assert rule["annotations"]["summary"]
    assert f"| `{rule['alert']}` |" in (ROOT / "docs/how-to/monitor.md").read_text()


@pytest.mark.parametrize("page", ["monitor.md", "run-as-services.md", "when-something-goes-wrong.md"])
def test_how_to_pages_name_existing_things(page: str) -> None:
    text = (ROOT / "docs/how-to" / page).read_text()

    metrics = set(re.findall(r"`[^`\n]*?\b(pyf_[a-z_]+)", text))
    settings = set(re.findall(r"`([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)(?![_*A-Z])", text))
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)

    assert metrics <= METRIC_NAMES
    assert {name.lower() for name in settings} <= SETTINGS.keys()
    assert all((ROOT / "docs/how-to" / link).exists() for link in links)
