"""Ask again, later and less and less often, for projects whose answer was older than the registry's journal."""

from collections.abc import Collection, Mapping

from ..domain.collection import Recheck

# A CDN's answer is stale for minutes as a rule, and was once for days. After the last attempt the project is left
# to the next comparison of all serials, which finds it by itself.
FIRST_WAIT = 300
LONGEST_WAIT = 6 * 3600
ATTEMPTS = 24


def due(rechecks: Mapping[str, Recheck], *, now: int) -> dict[str, int]:
    """Return the projects whose time has come, with the serial that their answers must reach."""
    return {name: recheck.serial for name, recheck in rechecks.items() if recheck.not_before <= now}


def after(
    rechecks: Mapping[str, Recheck], taken: Collection[str], overdue: Mapping[str, int], *, now: int
) -> dict[str, Recheck]:
    """Return what is still to be asked: what was not looked at, and what was `overdue` again, a longer wait later."""
    remaining = {name: recheck for name, recheck in rechecks.items() if name not in taken}
    for name, serial in overdue.items():
        attempts = rechecks[name].attempts + 1 if name in rechecks else 1
        if attempts <= ATTEMPTS:
            wait = min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
            remaining[name] = Recheck(serial=serial, attempts=attempts, not_before=now + wait)
    return remaining
