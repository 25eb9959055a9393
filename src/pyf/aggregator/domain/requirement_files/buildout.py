"""Parse buildout's `versions.cfg`."""

import re
from configparser import ConfigParser
from configparser import Error as ConfigError

from ..errors import Invalid
from .model import Entries, build_pinned_package, parse_requirement

_VERSIONS_SECTION = re.compile(r"versions(?::.*)?\Z")
_SPECIFIER = re.compile(r"[<>=!~]")


def parse_versions_cfg(file_name: str, text: str) -> Entries:
    """Yield the pins of all `[versions]` sections, those with a condition included."""
    parser = ConfigParser(strict=False, interpolation=None, delimiters=("=",), inline_comment_prefixes=("#", ";"))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    try:
        parser.read_string(text, file_name)
    except ConfigError as error:
        raise Invalid(f"{file_name}: {' '.join(str(error).split())}") from None
    for section in parser.sections():
        if parser.has_option(section, "extends"):
            yield f"{file_name}: files named by `extends` are not read. Check them, too"
        if _VERSIONS_SECTION.match(section):
            for name, value in parser.items(section):
                version = value.strip()
                if not version:
                    continue  # an empty value removes a pin
                location = f"{file_name}: [{section}]"
                if _SPECIFIER.match(version):
                    yield parse_requirement(f"{name}{version}", location)
                else:
                    yield build_pinned_package(name.removesuffix("+").strip(), version, location)
