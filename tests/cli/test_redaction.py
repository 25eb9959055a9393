"""Secrets are in no output, and not in the environment of other programs."""

import io
import os
import re
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from pyf.aggregator.adapters.rendering.renderer import PooledRenderer
from pyf.aggregator.adapters.rendering.worker_pool import build_environment
from pyf.aggregator.cli.redaction import RedactedStream
from pyf.aggregator.domain.readme.plain_text import Readme
from pyf.aggregator.testing.caches import FakeRenderCache
from support.cli_runner import PYF, CommandRunner, find_render_workers

SECRET = "s3cret-of-the-owner"


@pytest.mark.parametrize(
    "settings",
    [
        {"typesense_api_key": "key-123456", "typesense_nodes": f"http://u:{SECRET}@127.0.0.1:9"},
        {"typesense_api_key": SECRET, "typesense_nodes": "http://127.0.0.1:9"},
        {"redis_host": f"redis://:{SECRET}@127.0.0.1:9/0"},
        {"pypi_base_url": f"http://u:{SECRET}@127.0.0.1:9"},
        {"pypi_base_url": f"http://{SECRET}@127.0.0.1:9"},
        {"pypi_base_url": f"ftp://u:{SECRET}@127.0.0.1:9"},
        {"http_proxy": f"http://u:{SECRET}@127.0.0.1:9"},
        {"clickhouse_url": f"http://127.0.0.1:9/?password={SECRET}", "candidates_source": "clickhouse"},
        {"github_token": SECRET, "github_api_url": f"http://u:{SECRET}@127.0.0.1:9"},
        {"github_token": SECRET, "github_api_url": "http://127.0.0.1:9"},
    ],
)
@pytest.mark.parametrize(
    "arguments",
    ["-v fetch -p plone --json", "doctor --json"],
)
def test_secrets_of_settings_are_not_printed(shell: CommandRunner, settings: dict[str, str], arguments: str) -> None:
    quick = {"typesense_retry_timeout": 0, "pypi_max_retries": 0}

    result = shell.invoke(*arguments.split(), command="pyf", **{**quick, **settings})

    assert SECRET not in result.out + result.err
    assert "Traceback" not in result.err


def test_service_that_echoes_credentials(shell: CommandRunner, httpserver: HTTPServer) -> None:
    def echo(request: Request) -> Response:
        return Response(f"wrong: {request.headers['Authorization']} {SECRET}", 401)

    httpserver.expect_request(re.compile(".*")).respond_with_handler(echo)
    url = httpserver.url_for("").replace("//", f"//u:{SECRET}@")

    result = shell.run("-vv", "fetch", "-p", "plone", module=PYF, pypi_base_url=url, pypi_max_retries=0)

    assert result.code == 4
    assert SECRET not in result.out + result.err
    assert b64encode(f"u:{SECRET}".encode()).decode() not in result.err


def test_traceback_is_redacted(tmp_path: Path) -> None:
    program = (
        "import os\nfrom pyf.aggregator.cli.exit_codes import ExitCodeCommand\n"
        "def fail(): raise KeyError(os.environ['GITHUB_TOKEN'])\n"
        "ExitCodeCommand('x', callback=fail).main([])"
    )

    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"GITHUB_TOKEN": SECRET},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (result.returncode, result.stderr.splitlines()[-1]) == (1, "KeyError: '***'")


def test_package_data_on_stdout_is_not_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", SECRET)
    out, err = io.StringIO(), io.StringIO()

    RedactedStream(out, known_only=True).write(f"git+https://user:password@host {SECRET}")
    RedactedStream(err, known_only=False).write(f"git+https://user:password@host {SECRET}")

    assert (out.getvalue(), err.getvalue()) == ("git+https://user:password@host ***", "git+https://***@host ***")


def test_render_workers_inherit_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", SECRET)
    monkeypatch.setenv("SOME_PASSWORD", SECRET)
    renderer = PooledRenderer(FakeRenderCache(), workers=1)
    try:
        renderer.render([Readme(text="Title", content_type="text/markdown")]).result()
        environments = [Path(f"/proc/{pid}/environ").read_bytes() for pid in find_render_workers(os.getpid())]
    finally:
        renderer.close()

    assert environments
    assert all(SECRET.encode() not in environment for environment in environments)
    assert build_environment({"PATH": "/bin", "LC_ALL": "C", "GITHUB_TOKEN": "x"}) == {"PATH": "/bin", "LC_ALL": "C"}


def test_browser_inherits_no_secrets(tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\nenv > {tmp_path}/environment\n")
    browser.chmod(0o755)
    program = (
        "import os; from pyf.aggregator.cli.redaction import open_url; "
        "open_url('http://x'); print(os.environ['GITHUB_TOKEN'])"
    )

    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={
            "BROWSER": f"{browser} %s",
            "GITHUB_TOKEN": SECRET,
            "REDIS_HOST": f"redis://:{SECRET}@h",
            "LOG_FORMAT": "json",
            "PATH": os.environ["PATH"],
        },
        capture_output=True,
        text=True,
        check=True,
    )

    environment = (tmp_path / "environment").read_text()
    assert SECRET not in environment
    assert "LOG_FORMAT=json" in environment
    assert result.stdout.strip() == SECRET
