"""Rules of all settings; `tests/cli/settings/` tests the effect of each."""

import re
from pathlib import Path

import pytest
from msgspec import to_builtins

from pyf.aggregator.domain.errors import Invalid
from pyf.aggregator.settings import SETTINGS, Settings, list_secrets, list_warnings, load_settings

SCHEDULES = {name for name in SETTINGS if name.startswith("celery_schedule_")}
ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own `.env` and environment out."""
    monkeypatch.chdir(tmp_path)
    for name in SETTINGS:
        monkeypatch.delenv(name.upper(), raising=False)


def test_comments_after_a_value_are_left_out_of_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PYPI_MAX_WORKERS=7    # connections\nPYF_CONTACT=   # nobody\n")

    settings = load_settings()

    assert (settings.pypi_max_workers, settings.pyf_contact) == (7, "")


def test_comments_that_systemd_keeps_are_left_out_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYPI_MAX_WORKERS", "7    # connections")

    assert load_settings().pypi_max_workers == 7


def test_contact_keeps_number_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYF_CONTACT", "ops#1@example.org")

    assert load_settings().pyf_contact == "ops#1@example.org"


@pytest.mark.parametrize("unset", ["", "   ", "<your contact>", "<your_secret_typesense_apikey>"])
def test_empty_values_and_placeholders_count_as_not_set(unset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(SETTINGS) - SCHEDULES:
        monkeypatch.setenv(name.upper(), unset)

    assert load_settings() == Settings()


@pytest.mark.parametrize(("written", "meant"), [("", ""), ("  # off", ""), ("<when>", "0 2 * * 0")])
def test_empty_schedule_means_never(written: str, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_SCHEDULE_WEEKLY_REFRESH", written)

    assert load_settings().celery_schedule_weekly_refresh == meant


def test_environment_overrides_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("PYPI_MAX_WORKERS=7\nPYPI_BATCH_SIZE=8\n")
    monkeypatch.setenv("PYPI_MAX_WORKERS", "9")

    settings = load_settings()

    assert (settings.pypi_max_workers, settings.pypi_batch_size) == (9, 8)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PYPI_MAX_WORKERS", "many"),
        ("PYPI_MAX_WORKERS", "0"),
        ("PYPI_RATE_LIMIT_DELAY", "-1"),
        ("PYPI_RATE_LIMIT_DELAY", "nan"),
        ("PYPI_BASE_URL", "pypi.example"),
        ("PYPI_BASE_URL", "ftp://pypi.example"),
        ("PYF_CONTACT", "me\r\nX-Header: 1"),
        ("DESCRIPTIONS", "some"),
        ("INDEX_BACKEND", "cards"),
        ("TYPESENSE_HOST", "http://search.example"),
        ("TYPESENSE_PORT", "0"),
        ("TYPESENSE_PROTOCOL", "ftp"),
        ("TYPESENSE_NODES", "http://a.example:8108, b.example"),
        ("TYPESENSE_TIMEOUT", "0"),
        ("TYPESENSE_RETRY_TIMEOUT", "long"),
        ("TYPESENSE_API_KEY", "two words"),
        ("PYPI_DISCOVERY", "guess"),
        ("DOWNLOADS_SOURCE", "stars"),
        ("PYPISTATS_BASE_URL", "pypistats.example/?a=b"),
        ("PYPISTATS_MAX_RETRIES", "-1"),
        ("CLICKHOUSE_URL", "clickhouse.example"),
        ("CLICKHOUSE_URL", "https://clickhouse.example/?user=demo#x"),
        ("GITHUB_API_URL", "api.github.example"),
        ("GITHUB_REQUEST_DELAY", "-1"),
        ("GITHUB_CACHE_TTL", "a day"),
        ("GITHUB_TOKEN", "two words"),
        ("GITLAB_HOSTS", "git example.org"),
        ("GITLAB_HOSTS", "git.example.org=ftp://git.example.org"),
        ("FORGEJO_HOSTS", "code/name=https://code.example.org"),
        ("GITLAB_TOKENS", "glpat-secret"),
        ("FORGEJO_TOKENS", "code.example.org=two words"),
        ("REDIS_HOST", "amqp://queue.example"),
        ("REDIS_HOST", "redis://"),
        ("REDIS_HOST", "queue.example:6379/one"),
        ("REDIS_HOST", "unix:///run/redis.sock"),
        ("REDIS_HOST", "queue.example:99999"),
        ("RSS_DEDUP_TTL", "-1"),
        ("RSS_DEDUP_TTL_NEW", "a day"),
        ("CELERY_WORKER_POOL", "eventlet"),
        ("CELERY_WORKER_CONCURRENCY", "0"),
        ("CELERY_TASK_SOFT_TIME_LIMIT", "601"),
        ("CELERY_LONG_TASK_TIME_LIMIT", "14400"),
        ("CELERY_VISIBILITY_TIMEOUT", "4200"),
        ("CELERY_TASK_MAX_RETRIES", "ever"),
        ("CELERY_SCHEDULE_CHANGES", "every five minutes"),
        ("CELERY_SCHEDULE_RSS_PROJECTS", "*/1 * * *"),
        ("CELERY_SCHEDULE_RSS_RELEASES", "60 * * * *"),
    ],
)
def test_invalid_value_is_rejected_by_name(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(Invalid) as refusal:
        load_settings()

    assert name in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_redis_password_is_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_HOST", "redis://:secret@queue example/0")

    with pytest.raises(Invalid) as refusal:
        load_settings()

    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("localhost:6379", "redis://localhost:6379"),
        ("queue.example", "redis://queue.example"),
        ("redis://:secret@queue.example:6380/2", "redis://:secret@queue.example:6380/2"),
        ("rediss://queue.example/1", "rediss://queue.example/1?ssl_cert_reqs=required"),
        ("rediss://queue.example/1?ssl_cert_reqs=none", "rediss://queue.example/1?ssl_cert_reqs=none"),
        ("[::1]:6379", "redis://[::1]:6379"),
    ],
)
def test_redis_host_or_url_is_accepted(written: str, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_HOST", written)

    assert load_settings().redis_url == meant


@pytest.mark.parametrize(("value", "discovery"), [("browse", "classifiers"), ("scan", "all"), ("all", "all")])
def test_pypi_discovery_accepts_documented_values(value: str, discovery: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYPI_DISCOVERY", value)

    assert load_settings().pypi_discovery == discovery


def test_every_problem_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYPI_MAX_WORKERS", "many")
    monkeypatch.setenv("PYPI_TIMEOUT", "long")

    with pytest.raises(Invalid, match=r"PYPI_MAX_WORKERS.*; PYPI_TIMEOUT|PYPI_TIMEOUT.*; PYPI_MAX_WORKERS"):
        load_settings()


def test_example_file_keeps_defaults(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text((ROOT / "example.env").read_text())

    assert load_settings() == Settings()


def test_example_file_has_all_settings() -> None:
    named = re.findall(r"^# ([A-Z_]+)=", (ROOT / "example.env").read_text(), re.MULTILINE)

    assert named == [name.upper() for name in SETTINGS]


def test_binary_file_is_one_line_error(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PYF_CONTACT=\xff\xfe")

    with pytest.raises(Invalid, match="UTF-8"):
        load_settings()


@pytest.mark.parametrize("token", ["ghp_secret x", "ghp_secret\r\nX-Header: 1", "ghp_secretß"])
def test_invalid_token_is_rejected_and_not_shown(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", token)

    with pytest.raises(Invalid, match=r"^GITHUB_TOKEN: must be one word") as refusal:
        load_settings()

    assert "secret" not in f"{refusal.value}{refusal.value!r}{refusal.value.__cause__}"


def test_token_is_in_no_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_secret")

    settings = load_settings()

    assert settings.github_token.get_secret_value() == "ghp_secret"
    assert "ghp_secret" not in f"{settings}{settings!r}{to_builtins(settings, enc_hook=repr)}"


@pytest.mark.parametrize(
    ("given", "engine"),
    [
        ({}, "sqlite"),
        ({"TYPESENSE_API_KEY": "<your_secret_typesense_apikey>"}, "sqlite"),
        ({"TYPESENSE_API_KEY": "key"}, "typesense"),
        ({"TYPESENSE_API_KEY": "key", "INDEX_BACKEND": "sqlite"}, "sqlite"),
        ({"INDEX_BACKEND": "typesense"}, "typesense"),
    ],
)
def test_api_key_selects_typesense_by_default(
    given: dict[str, str], engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    assert load_settings().engine == engine


def test_typesense_key_appears_in_no_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TYPESENSE_API_KEY", "very-secret")
    assert "very-secret" not in f"{load_settings()!r}{to_builtins(load_settings(), enc_hook=repr)}"

    monkeypatch.setenv("TYPESENSE_API_KEY", "very secret")
    with pytest.raises(Invalid, match=r"^TYPESENSE_API_KEY: must be one word") as refusal:
        load_settings()
    assert "very secret" not in f"{refusal.value}{refusal.value.__cause__}"


@pytest.mark.parametrize(
    ("given", "addresses"),
    [
        ({}, ["http://localhost:8108"]),
        ({"TYPESENSE_HOST": "::1", "TYPESENSE_PORT": "1", "TYPESENSE_PROTOCOL": "https"}, ["https://[::1]:1"]),
        ({"TYPESENSE_NODES": "http://a:8108, http://b/ts/,"}, ["http://a:8108", "http://b/ts"]),
    ],
)
def test_urls_of_server_and_cluster(
    given: dict[str, str], addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    assert load_settings().typesense_urls == addresses


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, "newest"),
        ({"typesense_api_key": "key"}, "all"),
        ({"typesense_api_key": "key", "descriptions": "newest"}, "newest"),
        ({"descriptions": "all"}, "all"),
    ],
)
def test_typesense_keeps_descriptions_of_all_releases(settings: dict[str, str], kept: str) -> None:
    assert load_settings(**settings).kept_descriptions == kept


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PYPI_BASE_URL", "ftp://ada:s3cret@m.example"),
        ("PYPISTATS_BASE_URL", "ada:s3cret@m.example"),
        ("CLICKHOUSE_URL", "h/?password=s3cret"),
        ("GITHUB_API_URL", "https://ada:s3cret@m.example/?a=b"),
        ("GITLAB_HOSTS", "git.example=https://ada:s3cret@m.example/?a=b"),
        ("FORGEJO_TOKENS", "s3cret"),
        ("REDIS_HOST", "redis://:s3cret"),
        ("TYPESENSE_HOST", "http://ada:s3cret@m.example"),
        ("TYPESENSE_NODES", "http://m.example, ada:s3cret@n.example"),
        ("WEB_URL", "ada:s3cret@m.example"),
        ("WEB_CORS_ORIGINS", "https://ada:s3cret@m.example"),
        ("METRICS_HOST", "ada:s3cret@m.example"),
    ],
)
def test_refused_addresses_are_not_repeated(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(Invalid, match=rf"^{name}: must ") as refusal:
        load_settings()

    assert "s3cret" not in f"{refusal.value}{refusal.value!r}"


@pytest.mark.parametrize(
    ("name", "value"),
    [("PYF_CONTACT", "ops #1"), ("SQLITE_PATH", "/data/my #1/index.sqlite3"), ("HEALTH_FILE", "a # b")],
)
def test_text_of_the_environment_keeps_number_signs(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)

    assert getattr(load_settings(), name.lower()) == value


def test_secret_with_space_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TYPESENSE_API_KEY", "abc #def")

    with pytest.raises(Invalid, match="TYPESENSE_API_KEY: must be one word"):
        load_settings()


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("PYF_CONTACT=ops # the team", "ops"),
        ("PYF_CONTACT=# the team", ""),
        ('PYF_CONTACT="ops # the team"', "ops # the team"),
        ("PYF_CONTACT='ops # the team' # a comment", "ops # the team"),
        ("PYF_CONTACT=ops#team", "ops#team"),
        ("export PYF_CONTACT=ops", "ops"),
    ],
)
def test_only_unquoted_comments_of_the_file_are_removed(line: str, value: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"{line}\n")

    assert load_settings().pyf_contact == value


def test_refused_values_of_the_file_name_their_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# mine\n\nPYPI_MAX_WORKERS=7\n\nPYPI_BATCH_SIZE=none\n")

    with pytest.raises(Invalid, match=r"^PYPI_BATCH_SIZE='none': must be a whole number .*\(.env, line 5\)$"):
        load_settings()


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("PYPI_MAX_WORKRES=5", "unknown setting PYPI_MAX_WORKRES. Did you mean PYPI_MAX_WORKERS?"),
        (
            "PYPI_URL_BASE=5\nTYPESENSE_APIKEY=x",
            "unknown setting TYPESENSE_APIKEY. Did you mean TYPESENSE_API_KEY?",
        ),
        ("this is no setting", ".env, line 2 is ignored: it is not NAME=value, or a quote is missing"),
        ('PYF_CONTACT="ops', ".env, line 2 is ignored: it is not NAME=value, or a quote is missing"),
        ("\nPYF_CONTACT", ".env, line 3 is ignored: PYF_CONTACT needs =value"),
        ("LOG_FORMAT=text\nLOG_FORMAT=json", ".env sets LOG_FORMAT in lines 2 and 3; the last one counts"),
    ],
)
def test_ignored_parts_of_the_file_are_reported(text: str, warning: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"# mine\n{text}\n")

    assert list_warnings() == [warning]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PYPI_MAX_WORKRES", "PYPI_MAX_WORKERS"),
        ("PYIP_BATCH_SIZE", "PYPI_BATCH_SIZE"),
        ("GITHUB_TOKENS", "GITHUB_TOKEN"),
    ],
)
def test_misspelled_variables_are_reported(name: str, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "5")

    assert list_warnings() == [f"unknown setting {name}. Did you mean {meant}?"]


def test_variables_of_other_programs_are_not_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "GITHUB_ACTION",
        "GITHUB_ENV",
        "GITHUB_GRAPHQL_URL",
        "CELERY_BROKER_URL",
        "RENDER_SERVICE_ID",
        "GH_TOKEN",
    ):
        monkeypatch.setenv(name, "x")

    assert list_warnings() == []


def test_sources_of_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("PYPI_BATCH_SIZE=8\nPYPI_MAX_WORKERS=7\n")
    monkeypatch.setenv("PYPI_MAX_WORKERS", "9")

    settings = load_settings(log_format="json")

    assert settings.sources == {
        "pypi_batch_size": ".env, line 1",
        "pypi_max_workers": "environment",
        "log_format": "command",
    }


def test_github_url_with_a_user_excludes_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_API_URL", "https://ada:s3cret@github.example")
    assert load_settings().secrets == ["s3cret"]

    monkeypatch.setenv("GITHUB_TOKEN", "ghp_secret")
    with pytest.raises(Invalid, match="GITHUB_API_URL contains a user, and GITHUB_TOKEN is set"):
        load_settings()


def test_tokens_of_hosts_are_secrets_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITLAB_HOSTS", "gitlab.com, https://git.example.org")
    monkeypatch.setenv("GITLAB_TOKENS", "gitlab.com=glpat-first, Git.example.org=second-token")

    settings = load_settings()

    assert {"glpat-first", "second-token"} <= set(settings.secrets)
    assert [(host.name, host.url, host.token.get_secret_value()) for host in settings.list_repository_hosts()][1:] == [
        ("gitlab.com", "https://gitlab.com", "glpat-first"),
        ("git.example.org", "https://git.example.org", "second-token"),
        ("codeberg.org", "https://codeberg.org", ""),
    ]


def test_each_of_two_webhook_keys_is_secret() -> None:
    keys = [f"whsec_{letter * 32}" for letter in "AB"]

    settings = load_settings(webhook_secret=",".join(keys))

    assert {*keys, ",".join(keys)} <= set(settings.secrets)


def test_token_of_a_host_that_is_not_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORGEJO_TOKENS", "code.example.org=s3cret")

    with pytest.raises(Invalid, match="which FORGEJO_HOSTS does not name") as error:
        load_settings()
    assert "s3cret" not in str(error.value)


def test_passwords_are_in_no_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_HOST", "redis://:s3cret@queue.example")

    assert "s3cret" not in repr(load_settings())


def test_secrets_of_invalid_settings_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("GITHUB_TOKEN=two words\n")
    monkeypatch.setenv("PYPI_BASE_URL", "ftp://ada:s3cret@m.example")

    assert list_secrets() == ["two words", "s3cret"]
