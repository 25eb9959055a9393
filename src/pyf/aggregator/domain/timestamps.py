"""Times that runs have stored, which may come from a clock that was wrong."""

# Seconds by which the clocks of machines may differ.
CLOCK_TOLERANCE = 300


def is_in_future(timestamp: float, now: float) -> bool:
    """Return whether a stored time can't be that of an earlier run."""
    return timestamp > now + CLOCK_TOLERANCE


def drop_future(timestamp: int, now: float) -> int:
    """Return the time of an earlier run; 0, which means never, for a time in the future.

    Otherwise one run with a clock that is 100 days ahead would keep all others from their work for 100 days.
    """
    return 0 if is_in_future(timestamp, now) else timestamp
