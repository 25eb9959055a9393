"""Make the reference pages and `example.env` from the code that they describe.

`python docs/generate.py` writes them; `python docs/generate.py --check` only says which are stale, and fails.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import click
from http_page import page as interface_page

from pyf.aggregator.config.scoring import load_scoring_config
from pyf.aggregator.domain.documents.schema import Owner, iter_fields
from pyf.aggregator.domain.health.score import CAPS, GROUPS
from pyf.aggregator.metrics.definitions import COMMON_METRICS, WORKER_METRICS, MetricDefinition
from pyf.aggregator.queue import __all__ as TASKS
from pyf.aggregator.queue import app, task_names
from pyf.aggregator.queue.beat_schedule import build_beat_schedule
from pyf.aggregator.settings import SETTINGS, Secret, SettingDefinition, Settings
from pyf.aggregator.web.app import build_openapi

ROOT = Path(__file__).parent.parent
HEALTH = ROOT / "src" / "pyf" / "aggregator" / "health.yaml"
GENERATED = "<!-- Made by `make docs`; edit the code that it describes instead. -->\n\n"

BREAKDOWN = """## The breakdown

`health_score_breakdown` has this shape, whatever the score. `basic` has the first three groups, `full` all six. The
numbers of a group are those of its findings, added up; `to_do` and `read_more` are empty where nothing is to be done.

```text
{"recency": {"points": 24.0, "max_points": 40.0,
             "findings": [{"rule": "release", "points": 24.0, "maximum": 40.0,
                           "seen": "…", "to_do": "…", "read_more": "https://…"}],
             "unknown": [{"rule": "…", "maximum": 2.0}]},
 "documentation": …, "metadata": …, "compatibility": …, "maintenance": …, "security": …,
 "caps": [{"cap": "retired", "at_most": 20, "reason": "…", "read_more": "https://…"}]}
```

Points are rounded to a tenth, the score is worked out before that. 100 × all points / all `max_points` is the score
before caps. Nothing in it depends on when it was worked out but the points of age and of what has lost its support.
"""

ABOUT_TASKS = """How to run them: [the task queue](../how-to/queue.md). Their full names begin with
`pyf.aggregator.queue.`. Schedules are the defaults, in UTC; settings change them. What is scheduled serves every
collection that is in use.

A task returns a small mapping: `status`, numbers, `requests` and `seconds`.

| status | means |
|---|---|
| `done` | everything was done |
| `up_to_date` | no request was necessary |
| `no_match` | PyPI has the package, but no collection has or admits it |
| `not_found` | neither PyPI nor a collection has the package |
| `queued` | further tasks were enqueued |
| `incomplete` | the time slice ended; the next one is enqueued |
| `stale_response` | PyPI's response does not contain the release yet; the changelog run will find it |
| `locked` | another task does the same work |
| `failed` | some items failed |
| `unavailable` | a service did not answer; the next run retries |
| `invalid` | an argument or a setting is invalid |

A task that a service gives no answer to is tried again, `CELERY_TASK_MAX_RETRIES` times.
"""

# The one default that is written nowhere in this project: it comes from the package that knows it.
ENDPOINT = "the pypi-simple package's endpoint"


def settings_page() -> str:
    """Return the page of all settings."""
    rows = "\n".join(
        f"| `{name.upper()}` | {_type(field)} | {_default(name, field)} | {field.description} |"
        for name, field in SETTINGS.items()
    )
    return (
        f"{GENERATED}# Settings\n\n"
        "Read from the environment, and from a file `.env` in the current folder; the environment wins. An empty\n"
        "value and a placeholder in angle brackets count as not set. A value that can't be used ends a command at its\n"
        "start, with one line that names the setting, the expected form and the line of `.env`. Addresses are not\n"
        "repeated, because they may contain a password.\n"
        "Lines of `.env` that are ignored, and names that look like a misspelled setting, get a warning.\n\n"
        "In `.env`, a comment may follow a value without quotes. In the environment, ` #` is a part of the value\n"
        "if the value is free text, a file name, a secret or a URL with a user; after all other values a comment is\n"
        "ignored, because systemd does not remove the comments of its `EnvironmentFile`.\n\n"
        f"| setting | type | default | meaning |\n|---|---|---|---|\n{rows}\n\n"
        "Certificates of https servers are checked against those of the system. `SSL_CERT_FILE` or `SSL_CERT_DIR`, in\n"
        "the environment only, names others, such as those of a company's proxy that reads encrypted traffic.\n"
    )


def example_env() -> str:
    """Return a file of all settings at their defaults, commented out."""
    lines = ["# Copy this file to .env and change what you need. Generated by `make docs`.", ""]
    for name, field in SETTINGS.items():
        default = "" if _is_endpoint(name) else field.default
        lines += [f"# {field.description}", f"# {name.upper()}={default}", ""]
    return "\n".join(lines)


def fields_page() -> str:
    """Return the page of all fields of a document, by owner."""
    sections = [
        f"{GENERATED}# Fields of a document\n\n"
        "One document per release. Times are Unix seconds, 0 where unknown. A text or list that PyPI leaves out is\n"
        "empty; a field marked `?` is absent if its value is unknown. A field is written by its owner only.\n\n"
        "Use: **Q** searched (with weight), **F** facet, **S** sort, **–** stored only.\n"
    ]
    for owner in Owner:
        rows = "\n".join(
            f"| `{f.name}` | {f.kind}{'?' if f.optional else ''} | {_use(f.use)} | {f.use.meaning} |"
            for f in iter_fields()
            if f.owner is owner
        )
        sections.append(f"\n## Owner: {owner}\n\n| field | type | use | meaning |\n|---|---|---|---|\n{rows}\n")
    return "".join(sections)


def commands_page() -> str:
    """Return the page of all commands with the help that they print."""
    sections = [f"{GENERATED}# Commands\n"]
    for name, command in sorted(_commands()):
        for path, context in _walk(command, name):
            level = "##" if path == name else "###"
            sections.append(f"\n{level} {path}\n\n```text\n{context.get_help()}\n```\n")
    return "".join(sections)


def _walk(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[tuple[str, click.Context]]:
    """Yield the path and the context of a command and of all of its subcommands."""
    context = click.Context(command, info_name=name, parent=parent, terminal_width=100, **command.context_settings)
    yield context.command_path, context
    if isinstance(command, click.Group):
        for subcommand_name in command.list_commands(context):
            subcommand = command.get_command(context, subcommand_name)
            assert subcommand is not None
            yield from _walk(subcommand, subcommand_name, context)


def tasks_page() -> str:
    """Return the page of the queue's tasks, with what they do and when they are due."""
    entries = build_beat_schedule(Settings()).values()
    due = {entry["task"]: f"`{entry['schedule'].schedule.crontab}`" for entry in entries}
    rows = "\n".join(
        f"| `{name}{_arguments(task.run)}` | {due.get(task.name, '–')} | {_in_one_line(task.run)} |"
        for name in TASKS
        if (task := app.tasks.get(task_names.PREFIX + name)) is not None
    )
    return (
        f"{GENERATED}# The queue's tasks\n\n{ABOUT_TASKS}\n| task | schedule | what it does |\n|---|---|---|\n{rows}\n"
    )


def _arguments(function: Callable[..., Any]) -> str:
    signature = inspect.signature(function)
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))


def _in_one_line(function: Callable[..., Any]) -> str:
    return " ".join((inspect.getdoc(function) or "").split())


def health_page() -> str:
    """Return the page of the health score's rules, caps and thresholds."""
    standards = load_scoring_config()
    rows = []
    for group, rules in GROUPS.items():
        weights = {model: standards.get_weights(model, group) for model in standards.models}
        totals = " | ".join(f"**{_points(sum(weights[model].values()))}**" for model in weights)
        rows.append(f"| **{group}** | {totals} | |")
        for name, rule in rules.items():
            points = " | ".join(_points(weights[model].get(name, 0)) for model in weights)
            rows.append(
                f"| `{name}` | {points} | {rule.description} ([more]({standards.get_read_more(group, name)})) |"
            )
    caps = "\n".join(
        f"| `{name}` | {ceiling.at_most} | {CAPS[name].description} ([more]({ceiling.read_more})) |"
        for name, ceiling in standards.caps.items()
    )
    thresholds = re.search(r"^thresholds:\n.*?(?=^\S)", HEALTH.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return (
        f"{GENERATED}# The health score\n\n"
        "How a score comes about, and why like this: [Health](../explanation/health.md). Other weights, caps and\n"
        "thresholds: [Adjust the health score](../how-to/health.md).\n\n"
        "## Rules\n\nPoints that a rule can give, in each model. A rule whose facts are not known is left out of the\n"
        "sum, and of what the sum is divided by.\n\n"
        f"| rule | {' | '.join(standards.models)} | looks at |\n|---|---|---|---|\n" + "\n".join(rows) + "\n\n"
        "## Caps\n\nThe lowest that applies holds.\n\n| cap | at most | applies to |\n|---|---|---|\n"
        f"{caps}\n\n## Thresholds\n\n```yaml\n{thresholds[0].strip() if thresholds else ''}\n```\n\n"
        f"{BREAKDOWN}"
    )


def metrics_page() -> str:
    """Return the page of all metrics."""

    def table(metrics: Iterable[MetricDefinition]) -> str:
        rows = "\n".join(
            f"| `{each.sample_name}` | {each.kind} | {_labels(each)} | {each.help_text} |" for each in metrics
        )
        return f"| metric | kind | labels | meaning |\n|---|---|---|---|\n{rows}\n"

    return (
        f"{GENERATED}# Metrics\n\n"
        "Metrics that `pyfserve` serves at `/metrics`, and a worker on `METRICS_PORT`. How to use them:\n"
        "[Monitor it](../how-to/monitor.md). Counters start at 0 with the program. The processes of a worker or of\n"
        "`pyf serve` are added up, `process_*` too.\n\n"
        f"{table(COMMON_METRICS)}\n## Workers only\n\n{table(WORKER_METRICS)}"
    )


def _labels(metric: MetricDefinition) -> str:
    return ", ".join(f"`{label}`" for label in metric.labels) or "–"


def _points(points: float) -> str:
    return f"{round(points, 1):g}" if points else "–"


def _commands() -> Iterator[tuple[str, click.Command]]:
    for script in entry_points(group="console_scripts"):
        if script.value.startswith("pyf.aggregator."):
            yield script.name, script.load()


def _type(field: SettingDefinition) -> str:
    if get_origin(field.kind) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(field.kind) if value)
    type_names: dict[Any, str] = {
        str: "text",
        Secret: "secret text",
        int: "whole number",
        float: "number",
        bool: "yes or no",
    }
    return type_names[field.kind]


def _default(name: str, field: SettingDefinition) -> str:
    if _is_endpoint(name):
        return ENDPOINT
    return f"`{field.default}`" if str(field.default) else "not set"


def _is_endpoint(name: str) -> bool:
    return name == "pypi_base_url"


def _use(use: Any) -> str:
    marks = [f"Q{use.weight}"] if use.weight else []
    marks += ["F"] if use.facet else []
    marks += ["S"] if use.sort else []
    marks += ["–"] if use.stored_only else []
    return " ".join(marks)


def http_page() -> str:
    """Return the page of the interface over HTTP."""
    return GENERATED + interface_page(build_openapi())


PAGES: dict[str, Callable[[], str]] = {
    "docs/reference/settings.md": settings_page,
    "docs/reference/fields.md": fields_page,
    "docs/reference/commands.md": commands_page,
    "docs/reference/health.md": health_page,
    "docs/reference/http.md": http_page,
    "docs/reference/metrics.md": metrics_page,
    "docs/reference/tasks.md": tasks_page,
    "example.env": example_env,
}


def stale() -> list[str]:
    """Return the generated files whose content is not what the code says."""
    return [
        name
        for name, make in PAGES.items()
        if not (ROOT / name).exists() or (ROOT / name).read_text(encoding="utf-8") != make()
    ]


if __name__ == "__main__":
    outdated = stale()
    if "--check" in sys.argv:
        sys.exit(f"stale, run `make docs`: {', '.join(outdated)}" if outdated else 0)
    for name in outdated:
        (ROOT / name).write_text(PAGES[name](), encoding="utf-8")
