"""Schemathesis checks that the API conforms to its description."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.http_server import serve_app
from support.site_fixtures import build_small_site

# What is too long as a whole may be right in every part, and the other way round.
CONFIG = """
[checks]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 414]
positive_data_acceptance.expected-statuses = ["2xx", 404, 414]

# No schema can say that all filters together have at most 30 values.
[[operations]]
include-path = "/api/v1/collections/{collection}/search"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 404, 414]
"""

pytestmark = pytest.mark.slow


# What is compared must differ once it is normalised, which no schema can say.
@pytest.mark.parametrize(
    "site_settings",
    [
        ["--exclude-path-regex", "compare"],
        ["--include-path-regex", "compare", "--exclude-checks", "positive_data_acceptance"],
    ],
    ids=["everything-else", "compare"],
)
def test_api_matches_openapi_document(site_settings: list[str], tmp_path: Path) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG)
    with serve_app(build_small_site(), {}, web_rate_limit=0) as site:
        result = subprocess.run(
            [
                *(
                    sys.executable,
                    "-m",
                    "schemathesis.cli",
                    "--config-file",
                    str(config),
                    "run",
                    f"{site.base_url}/api/v1/openapi.json",
                ),
                *("--max-examples", "20", "--phases", "coverage,fuzzing", "--generation-deterministic", "--no-color"),
                *site_settings,
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    assert result.returncode == 0, result.stdout + result.stderr
