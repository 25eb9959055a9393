"""Webhooks on the command line: runs deliver events, and no output contains a URL or the key."""

import json
from collections.abc import Iterator

import pytest

from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner, CompletedCommand
from support.setting_coverage import covers_setting
from support.webhook_receiver import SECRET, run_documented_receiver

CLASSIFIER = {"classifiers": ["Framework :: Flask"]}


def run(shell: CommandRunner, command: str, url: str) -> CompletedCommand:
    completed = shell.invoke(
        *command.split(), command="pyf", WEBHOOK_URLS=url, WEBHOOK_SECRET=SECRET, WEB_URL="https://packages.example"
    )
    assert "path-token" not in completed.out + completed.err
    assert SECRET not in completed.out + completed.err
    return completed


@pytest.fixture
def receiver() -> Iterator[str]:
    with run_documented_receiver() as url:
        yield f"{url}/path-token"


@covers_setting("webhook_urls")
@covers_setting("webhook_secret")
def test_runs_deliver_what_they_have_changed(shell: CommandRunner, pypi: LocalPyPI, receiver: str) -> None:
    first = run(shell, "fetch -p flask", receiver)
    pypi.registry.publish("flask-late", "1.0", info=CLASSIFIER)

    second = run(shell, "update -p flask", receiver)

    assert "Webhooks" not in first.err
    assert second.code == 0
    assert "Webhooks: 1 event delivered, 0 waiting." in second.err
    payload = json.loads(next(line for line in second.out.splitlines() if "package.new" in line).replace("'", '"'))
    assert payload["data"]["url"] == "https://packages.example/in/flask/project/flask-late"
    (status,) = json.loads(run(shell, "webhook list --json", receiver).out)
    assert (status["name"], status["status"]["delivered"]) == (receiver.removesuffix("/path-token"), 1)
    assert "1 of 1 receiver accepted the event" in run(shell, "webhook test", receiver).out
    assert "0 events delivered, 0 waiting" in run(shell, "webhook deliver", receiver).out


def test_receiver_that_is_down_does_not_fail_the_run(shell: CommandRunner, pypi: LocalPyPI) -> None:
    url = "http://127.0.0.1:9/path-token"
    run(shell, "fetch -p flask", url)
    pypi.registry.publish("flask-late", "1.0", info=CLASSIFIER)

    update = run(shell, "update -p flask", url)

    assert update.code == 0
    assert "Webhooks: 0 events delivered, 1 waiting." in update.err
    assert "http://127.0.0.1:9: no connection: Connection refused" in update.err
    assert "Connection refused" in run(shell, "webhook list", url).out
    assert run(shell, "webhook test", url).code == 3
    checks = json.loads(run(shell, "doctor --offline --json", url).out)["checks"]
    (check,) = [check for check in checks if check["check"] == "webhooks http://127.0.0.1:9"]
    assert check["status"] == "warning"
    assert check["detail"].startswith("1 event waiting, 0 delivered; 1 failure in a row, the last one ")


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({}, "there are no receivers: set WEBHOOK_URLS and WEBHOOK_SECRET"),
        ({"WEBHOOK_URLS": "https://a.example/path-token"}, "WEBHOOK_URLS needs WEBHOOK_SECRET; create one: "),
        ({"WEBHOOK_URLS": "ftp://a.example/path-token"}, "WEBHOOK_URLS: must be an http or https URL"),
        (
            {"WEBHOOK_SECRET": f"{SECRET},path-token"},
            "WEBHOOK_SECRET: must be whsec_ and 24 to 64 bytes in base64; create one: ",
        ),
    ],
)
def test_wrong_settings_are_one_line_without_the_value(
    shell: CommandRunner, settings: dict[str, str], error: str
) -> None:
    completed = shell.invoke("webhook", "list", command="pyf", **settings)

    assert (completed.code, completed.error[: len(error)]) == (2, error)
    assert "path-token" not in completed.err
