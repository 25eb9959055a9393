"""Recognize what people paste: URLs, commands, requirement lines, file names, import statements and error messages."""

import re
import sys
from collections.abc import Iterable, Iterator

from msgspec import Struct

from ..repositories import parse_repository_url
from .tokenizer import tokenize

# Longer pastes are cut to bound the time. Their end is kept, too: a traceback ends with the error.
_MAX_LENGTH = 2_000

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_MODULE = r"[A-Za-z_][\w.]*"
_MAX_NAMES, _MAX_DEPTH = 6, 10
# A dotted path of this many parts, or one less with a class or a call, is no name of a package.
_MIN_PATH_LENGTH = 4

# Every pasted text has one of these, and most other texts have none.
_HINT = re.compile(r"[/@=<>;^\n]|\.\w+\.")
_HINT_WORDS = frozenset(
    {
        "add",
        "distribution",
        "download",
        "easy_install",
        "found",
        "import",
        "inject",
        "install",
        "module",
        "remove",
        "requirement",
        "run",
        "show",
        "uninstall",
        "upgrade",
        "uvx",
    }
)

_MODULE_ERROR = re.compile(
    rf"No module named [\"']?({_MODULE})|cannot import name .{{1,80}}? from (?:partially initialized module )?"
    rf"[\"']({_MODULE})",
    re.IGNORECASE,
)
_INSTALL_ERROR = re.compile(
    rf"(?:distribution found for|satisfies the requirement|metadata was found for|DistributionNotFound: (?:The )?)\s*"
    rf"[\"']?({_NAME})",
    re.IGNORECASE,
)

_COMMAND = re.compile(
    r"\b(?:(?:pip[\d.]*|pipenv|conda|mamba|micromamba)\s+(?:install|download|show|uninstall)|"
    r"(?:pipx|uv\s+tool)\s+(?:install|run|inject|upgrade)|(?:uv|poetry|pdm|rye|pixi)\s+(?:add|remove)|uvx|easy_install)"
    r"\s+(?P<arguments>[^\n;&|]+)",
    re.IGNORECASE,
)
# Options of these commands of which the next argument is the value.
_OPTION_WITH_VALUE = re.compile(
    r"-(?:d?G|[cirtfnpE])|--(?:channel|(?:extra-)?index(?:-url)?|find-links|requirements?|constraints?|target|group|"
    r"extras?|python|source|platform|name)"
)
_REQUIREMENT = re.compile(rf"(?:[\w-]+::)?(?P<name>{_NAME})(?:\[[^\]]*\])?(?:[=<>!~^@].*)?")

_VERSION = r"(?:[=<>!~]=|===|[=<>^~])\s*[\"']?[\^~<>=!]*\s*[\w.*+]+[\"']?(?:=\w+)?"
_REQUIREMENT_LINE = re.compile(
    rf"(?:-\s+|(?:[\w-]+\s*=\s*)?\[\s*)?[\"']?(?P<name>{_NAME})[\"']?\s*(?:\[[^\]]*\]\s*)?"
    rf"(?P<version>\(?{_VERSION}(?:\s*,\s*{_VERSION})*\)?|=\s*\{{.*\}})?\s*"
    r"(?P<marker>;\s*\(*(?:python|sys|os|platform|implementation|extra)\w*\s*[=<>!~i].*)?[\s\"',;\]]*"
)
_LINE_END = re.compile(r"(?:(?:^|\s)#.*|\s--hash[= ]\S+|\\$)", re.MULTILINE)
_FILE_NAME = re.compile(
    rf"(?:^|/)(?P<name>{_NAME}?)-v?\d[\w.!+]*(?:-[\w.-]+)?\.(?:whl|tar\.gz|tar\.bz2|zip|egg)(?=[#?]|$)"
)

_MODULES = rf"{_MODULE}(?:\s+as\s+\w+)?"
_IMPORT = re.compile(
    rf"(?:^|[:;])[^\w\n]{{0,20}}(?:from\s+(?P<source>{_MODULE})\s+import\s+(?:(?P<imported>\w+)\s*(?:as\b|[,;#)]|$)|[(*])|"
    rf"import\s+(?P<modules>{_MODULES}(?:\s*,\s*{_MODULES})*)\s*(?:[;#]|$))",
    re.MULTILINE,
)
_DOTTED_PATH = re.compile(rf"[\"'`]?({_MODULE})(?P<call>\([^\n]*\))?[\"'`,;]*")

_MARKUP = re.compile(r"[\s<>()\[\]{}\"'`]+")
_URL_PART = re.compile(
    r"https?://|git@|git\+|ssh://|pkg:|\bwww\.|\b[a-z0-9-]+\.(?:com|org|io|dev|example)/", re.IGNORECASE
)
_EGG = re.compile(rf"[#&]egg=({_NAME})")
# Badges, and pages of package indexes: `/project/NAME/`, `/simple/NAME/`, `/pypi/NAME/json`, `pkg:pypi/NAME@1.0`.
_BADGE = re.compile(
    r"(?:shields\.io/pypi(?:/frameworkversions/\w+|/\w+)|badge\.fury\.io/py|[/-]badge)/([A-Za-z0-9][\w.-]*?)"
    r"(?:\.(?:svg|png|json))?(?=[/?#]|$)"
)
_INDEX_PAGE = re.compile(
    rf"(?:/(?:projects?|simple|packages?|p|advisor/python|conda-forge)|[/:]pypi)/(?!p/)({_NAME})", re.IGNORECASE
)
_DOCUMENTATION = re.compile(r"//([A-Za-z0-9-]+)\.(?:readthedocs|rtfd)\.(?:io|org)\b")
_PUBLISHED_PAGES = re.compile(r"//[A-Za-z0-9-]+\.git(?:hub|lab)\.io/([A-Za-z0-9._-]+)")


class Pasted(Struct, frozen=True):
    """What a pasted text refers to.

    Attributes:
        text: The names in it, to search for as words.
        names: Names of packages or modules without separators, the most likely one first.
        repository: The lookup key of a repository; "" for none.
    """

    text: str
    names: tuple[str, ...]
    repository: str = ""


def parse_pasted(text: str) -> Pasted | None:
    """Return what a pasted text refers to; None for any other text."""
    text = text.strip()
    if len(text) > _MAX_LENGTH:
        text = f"{text[: _MAX_LENGTH // 2]}\n{text[-_MAX_LENGTH // 2 :]}"
    if not _HINT.search(text) and _HINT_WORDS.isdisjoint(text.lower().split()):
        return None
    return (
        _parse_error(text)
        or _parse_command(text)
        or _parse_requirement_lines(text)
        or _parse_imports(text)
        or _parse_urls(text)
        or _parse_dotted_path(text)
    )


def _parse_error(text: str) -> Pasted | None:
    if error := _MODULE_ERROR.search(text):
        module = (error[1] or error[2]).rstrip(".")
        return _build(_list_parents(module), module)
    error = _INSTALL_ERROR.search(text)
    return _build([error[1]]) if error else None


def _parse_command(text: str) -> Pasted | None:
    command = _COMMAND.search(text.replace("\\\n", " "))
    if command is None:
        return None
    names: list[str] = []
    is_value = False
    for argument in command["arguments"].split():
        if is_value or argument.startswith("-"):
            is_value = not is_value and _OPTION_WITH_VALUE.fullmatch(argument) is not None
            continue
        requirement = argument.strip("\"'`$,\\")
        # A URL without an index option is what the command installs.
        if _URL_PART.search(requirement) and (pasted := _parse_url(requirement)):
            return pasted
        match = _FILE_NAME.search(requirement) or _REQUIREMENT.fullmatch(requirement)
        if match and not match["name"].isdigit():
            names.append(match["name"])
    return _build(names, " ".join(names[:_MAX_NAMES]))


def _parse_requirement_lines(text: str) -> Pasted | None:
    """Return the packages of a text that consists of requirements; one line needs a version or a marker."""
    lines = [line.strip() for line in _LINE_END.sub("", text).splitlines()]
    matches = [match for line in lines if line and (match := _REQUIREMENT_LINE.fullmatch(line))]
    if len(matches) != sum(map(bool, lines)) or not any(match["version"] or match["marker"] for match in matches):
        return None
    names = [match["name"] for match in matches]
    return _build(names, " ".join(names[:_MAX_NAMES]))


def _parse_imports(text: str) -> Pasted | None:
    statements = list(_IMPORT.finditer(text))
    modules = [module for statement in statements for module in _iter_modules(statement)]
    modules = [module for module in modules if module.partition(".")[0] not in sys.stdlib_module_names] or modules
    if not modules:
        return None
    # The parents of all modules follow the modules, so that those of one don't take the place of another module.
    parents = [name for module in modules for name in _list_parents(module)[1:]]
    # "import contacts" may be a sentence as well.
    is_code = len(modules) > 1 or statements[0]["source"]
    return _build([*modules, *parents], (parents or modules)[0] if is_code else text)


def _iter_modules(statement: re.Match[str]) -> Iterator[str]:
    """Yield the modules that a statement imports; "from plone import api" may import one of a namespace."""
    source, imported = statement["source"], statement["imported"]
    if source is None:
        yield from (module.split()[0].strip(".") for module in statement["modules"].split(","))
    elif imported and imported.islower() and source.count(".") < 2:
        yield f"{source}.{imported}"
    else:
        yield source.strip(".")


def _parse_urls(text: str) -> Pasted | None:
    parts = (part for part in _MARKUP.split(text) if _URL_PART.search(part) or _FILE_NAME.search(part))
    return next(filter(None, map(_parse_url, parts)), None)


def _parse_url(url: str) -> Pasted | None:
    repository = parse_repository_url(url)
    page = (
        _EGG.search(url)
        or (not repository and (_FILE_NAME.search(url) or _BADGE.search(url) or _INDEX_PAGE.search(url)))
        or _DOCUMENTATION.search(url)
        or _PUBLISHED_PAGES.search(url)
    )
    names = [page[1]] if page else []
    if repository:
        names.append(repository.name)
    pasted = _build(names)
    return pasted and Pasted(pasted.text, pasted.names, repository.key if repository else "")


def _parse_dotted_path(text: str) -> Pasted | None:
    """Return the modules of a path such as `plone.api.content.create`; names of packages are shorter."""
    match = _DOTTED_PATH.fullmatch(text)
    if match is None:
        return None
    parts = match[1].split(".")
    is_code = match["call"] or (parts[-1][:1].isupper() and not parts[0][:1].isupper())
    return _build(_list_parents(match[1]), text) if len(parts) + bool(is_code) >= _MIN_PATH_LENGTH else None


def _list_parents(module: str) -> list[str]:
    """Return a dotted module and its parents, the nearest first."""
    parts = module.split(".", _MAX_DEPTH)[:_MAX_DEPTH]
    return [".".join(parts[:end]) for end in range(len(parts), 0, -1)]


def _build(names: Iterable[str], text: str = "") -> Pasted | None:
    """Build the result for names in any spelling, by default with the first one as text; None if there is none."""
    spelled = tuple(dict.fromkeys(name for name in names if tokenize(name)))[:_MAX_NAMES]
    return Pasted(text or spelled[0], tuple("".join(tokenize(name)) for name in spelled)) if spelled else None
