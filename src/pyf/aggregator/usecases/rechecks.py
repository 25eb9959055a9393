"""Ask again, later and less and less often, for projects whose answer was older than the registry's journal."""

from collections.abc import Collection, Mapping

from ..domain.collection import StaleRetry

# A CDN's answer is stale for minutes as a rule, and was once for days. After the last attempt the project is left
# to the next comparison of all serials, which finds it by itself.
FIRST_RETRY_DELAY = 300
MAX_RETRY_DELAY = 6 * 3600
MAX_RETRY_ATTEMPTS = 24


def select_due_retries(retries: Mapping[str, StaleRetry], *, now: int) -> dict[str, int]:
    """Return the projects whose time has come, with the serial that their answers must reach."""
    return {name: retry.min_serial for name, retry in retries.items() if retry.not_before <= now}


def schedule_retries(
    retries: Mapping[str, StaleRetry], processed: Collection[str], stale_serials: Mapping[str, int], *, now: int
) -> dict[str, StaleRetry]:
    """Return what is still to be asked: what was not looked at, and what was `overdue` again, a longer wait later."""
    remaining = {name: retry for name, retry in retries.items() if name not in processed}
    for name, serial in stale_serials.items():
        attempts = retries[name].attempts + 1 if name in retries else 1
        if attempts <= MAX_RETRY_ATTEMPTS:
            delay = min(FIRST_RETRY_DELAY * 2 ** (attempts - 1), MAX_RETRY_DELAY)
            remaining[name] = StaleRetry(min_serial=serial, attempts=attempts, not_before=now + delay)
    return remaining
