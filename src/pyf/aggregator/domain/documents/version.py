"""Sort keys of versions: Python values (`to_order_key`), and text that an index can sort (`to_sortable`).

Both put stable versions above pre-releases and follow PEP 440 within each, so that the highest is the version that the
registry calls the latest. `to_sortable` writes a version as segments, joined by dots:

    STABLE.MAJOR.MINOR.BUGFIX.PRETYPE.PRENUM        2.5.3 -> 1.0002.0005.0003.0000.0000

A number has four digits; a longer one follows a letter for its length (`a` five digits, `b` six, ...). Everything that
the six segments cannot hold is written with letters, which sort above digits. N, M and K stand for numbers:

    epoch N             zN before MAJOR             every release number starts below `z`
    fourth part N       xN after BUGFIX, and so on  every PRETYPE starts below `x`

    what follows        STABLE  PRETYPE.PRENUM and additional segments
    .devK               0       0000.K
    a0.devK             0       0000.yK             above all .dev; b0.devK is 0001.yK, rc0.devK is 0002.yK
    aN                  0       0001.N              b is 0002, rc is 0003
    aN.postM.devK       0       0001.N.pM.dK
    aN.postM            0       0001.N.pM.f
    a(N+1).devK         0       0001.N.yK           above all forms of aN
    .postM.devK         0       0004.M.dK           above all pre-releases of that version
    nothing             1       0000.0000
    .postM              1       0004.M
    +local              either  one more segment for each of its own, below `p` and `y`: `l1a1b0` for the text
                                "ab" (a 1 before each character, 0 at the end), nN for a number

At each position no possible segment is the beginning of another one. So the first difference decides, an end is lower
than a continuation, and keys compare the same without dots (Typesense ignores them).
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import dropwhile
from string import ascii_lowercase

from msgspec import Struct
from packaging.version import Version

INT64_MAX = 2**63 - 1

# One key for all invalid versions: 0.dev0 is all zeros, and without dots only fewer zeros are lower. It is not "",
# because an index may treat that as a missing value.
NOT_PEP_440 = "0"

_PRETYPES = {"a": 1, "b": 2, "rc": 3}
_POST = "0004"
_LENGTH_LETTERS = dict(enumerate(ascii_lowercase[: ascii_lowercase.index("u")], start=5))
_LOWEST = Version("0.dev0")


class VersionParts(Struct, frozen=True, kw_only=True):
    """The first three release numbers, capped to an int64, and the normalized text after the release numbers."""

    major: int = 0
    minor: int = 0
    bugfix: int = 0
    postfix: str = ""


def to_order_key(version: str) -> tuple[bool, bool, Version, str]:
    """Return a sort key: valid by PEP 440, stable above pre-release, then PEP 440's order.

    Invalid versions are the lowest and sort by their text.
    """
    parsed = parse_version(version)
    if parsed is None:
        return False, False, _LOWEST, version
    return True, not parsed.is_prerelease, parsed, ""


def to_version_key(version: str) -> tuple[bool, Version, str]:
    """Return a sort key in PEP 440's order, pre-releases among stable ones; invalid versions are lowest, by text."""
    is_pep_440, _, parsed, text = to_order_key(version)
    return is_pep_440, parsed, text


def to_sortable(version: str) -> str:
    """Return a text key in the order of `to_order_key`, with or without its dots; characters `[0-9a-z.]`.

    Versions that are equal by PEP 440 share a key; all invalid versions share the lowest.
    """
    parsed = parse_version(version)
    if parsed is None:
        return NOT_PEP_440
    stable = "0" if parsed.is_prerelease else "1"
    return ".".join([stable, *_encode_release(parsed), *_encode_suffix(parsed), *_encode_local(parsed)])


def parse_version_parts(version: str) -> VersionParts:
    """Return the parts of a version; a missing part is 0 or "", and so are all parts of an invalid version."""
    parsed = parse_version(version)
    if parsed is None:
        return VersionParts()
    major, minor, bugfix = (min(number, INT64_MAX) for number in (parsed.major, parsed.minor, parsed.micro))
    postfix = str(parsed).removeprefix(parsed.base_version)
    return VersionParts(major=major, minor=minor, bugfix=bugfix, postfix=postfix)


@lru_cache(maxsize=1024)  # several fields of a release are computed from the same text
def parse_version(version: str) -> Version | None:
    """Parse a version by PEP 440; None for an invalid one."""
    try:
        return Version(version)
    except ValueError:  # also raised for numbers of more than 4,300 digits
        return None


def _encode_number(number: int) -> str:
    """Encode a number so that text order is numeric order, and no number is the beginning of another one."""
    digits = str(number)
    if len(digits) <= 4:
        return digits.zfill(4)
    return _LENGTH_LETTERS.get(len(digits), "u" + _encode_number(len(digits))) + digits


def _encode_release(version: Version) -> Iterator[str]:
    if version.epoch:
        yield "z" + _encode_number(version.epoch)
    yield from map(_encode_number, (version.major, version.minor, version.micro))
    # PEP 440 ignores zeros at the end: 1.0.0.0 is 1.0.
    extra_numbers = [*dropwhile(lambda number: number == 0, reversed(version.release[3:]))]
    yield from ("x" + _encode_number(number) for number in reversed(extra_numbers))


def _encode_suffix(version: Version) -> Iterator[str]:
    dev = version.dev
    if version.pre is None:
        if version.post is None:
            yield from (_encode_number(0), _encode_number(dev or 0))
        else:
            yield from (_POST, _encode_number(version.post))
            if dev is not None:
                yield "d" + _encode_number(dev)
        return
    pretype, prenum = _PRETYPES[version.pre[0]], version.pre[1]
    if version.post is not None:
        yield from (_encode_number(pretype), _encode_number(prenum), "p" + _encode_number(version.post))
        yield "f" if dev is None else "d" + _encode_number(dev)
    elif dev is None:
        yield from (_encode_number(pretype), _encode_number(prenum))
    elif prenum:
        yield from (_encode_number(pretype), _encode_number(prenum - 1), "y" + _encode_number(dev))
    else:
        yield from (_encode_number(pretype - 1), "y" + _encode_number(dev))


def _encode_local(version: Version) -> Iterator[str]:
    for segment in version.local.split(".") if version.local else ():
        if segment.isdecimal():
            yield "n" + _encode_number(int(segment))
        else:
            yield "l" + "".join("1" + character for character in segment) + "0"
