"""Guards for names and prose: small, boring rules that keep the language of the project plain."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "pyf" / "aggregator"
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]

# Names of functions that say what was done to something instead of what the function does.
PARTICIPLE = re.compile(
    r"^_*(answered|asked|begun|bound|called|chosen|closed|counted|drawn|ended|fitting|found|given|gone|heard|held|joined"
    r"|judged|kept|known|left|listed|made|marked|merged|moved|named|opened|placed|ranked|said|searched|seen|sent|settled"
    r"|shown|taken|told|used|wanted|written)$|_of$|_anew$"
)

# Words and phrases that a reader has to translate first.
QUAINT = re.compile(
    r"\b(anew|whoever|whomever|whom|nobody|somebody|for ever|(?:is|are|was|were) (?:told|asked)|licence|normalised)\b",
    re.IGNORECASE,
)

MAX_PARAMETERS = 5
# Functions that may have more parameters, each with the reason.
MANY_PARAMETERS = {
    "Server.__init__": "one HTTP client, with a default for each setting",
    "rebuild": "click passes each option of a command",
    "finalize_response": "the three arguments of an ASGI application, and its options",
    "enrich_repositories": "two callbacks beside the options of a run",
    "fetch_collection": "a rebuild passes what it replaces beside the options of a run",
    "update_collection": "the cursor of the command line beside the options of a run",
    "open_run": "the one way in which all four runs begin",
    "execute_query": "a test server with one keyword for each behavior",
    "build_file": "the metadata of a file in the sample ecosystem",
    "LocalPyPI.__init__": "a test server with one keyword for each behavior",
    "FakePackageRegistry.__init__": "a fake with one keyword for each behavior",
}


def iter_functions() -> Iterator[tuple[str, str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yield module, qualified name and definition of every function in the package."""
    for path in sorted(SOURCE.rglob("*.py")):
        module = str(path.relative_to(SOURCE))
        stack: list[tuple[str, ast.AST]] = [("", ast.parse(path.read_text("utf-8")))]
        while stack:
            prefix, node = stack.pop()
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield module, f"{prefix}{child.name}", child
                    stack.append((f"{prefix}{child.name}.", child))
                elif isinstance(child, ast.ClassDef):
                    stack.append((f"{prefix}{child.name}.", child))
                else:
                    stack.append((prefix, child))


def test_functions_are_not_named_by_participles() -> None:
    assert [f"{module}: {name}" for module, name, node in iter_functions() if PARTICIPLE.search(node.name)] == []


def test_functions_have_few_parameters() -> None:
    too_many = []
    for module, name, node in iter_functions():
        arguments = node.args
        names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        if len([n for n in names if n not in ("self", "cls")]) > MAX_PARAMETERS and name not in MANY_PARAMETERS:
            too_many.append(f"{module}: {name}")

    assert too_many == []


def test_allowed_long_signatures_exist() -> None:
    assert MANY_PARAMETERS.keys() <= {name for _, name, _ in iter_functions()}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_use_plain_words(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()

    assert [f"{number}: {line}" for number, line in enumerate(lines, 1) if QUAINT.search(line)] == []


def test_code_uses_plain_words() -> None:
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if QUAINT.search(line) and "codespell:ignore" not in line:
                found.append(f"{path.relative_to(SOURCE)}:{number}: {line.strip()}")

    assert found == []
