"""Write the pinned versions into pyproject.toml, so that `uv run` and `uv sync` install them as well.

A lock file of uv would contain the URLs of a package registry.
"""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PIN = re.compile(r"^([a-z0-9][^\s\\]*==[^\s\\]+(?: ; [^\\]*[^\s\\])?)", re.MULTILINE)
BLOCK = re.compile(r"(?<=^constraint-dependencies = \[\n).*?(?=^\])", re.MULTILINE | re.DOTALL)


def read_pins() -> list[str]:
    """Return the pinned requirements."""
    return PIN.findall((ROOT / "requirements.txt").read_text("utf-8"))


def write_pins() -> None:
    """Replace the constraints of uv in pyproject.toml."""
    path = ROOT / "pyproject.toml"
    lines = "".join(f"    {_quote(pin)},\n" for pin in read_pins())
    path.write_text(BLOCK.sub(lambda _: lines, path.read_text("utf-8"), count=1), "utf-8")


def _quote(pin: str) -> str:
    return f"'{pin}'" if '"' in pin else f'"{pin}"'


if __name__ == "__main__":
    write_pins()
