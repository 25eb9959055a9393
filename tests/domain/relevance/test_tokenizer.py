"""Words are cut to their stems alike, whoever else is cutting words."""

from concurrent.futures import ThreadPoolExecutor
from sys import getswitchinterval, setswitchinterval

from pyf.aggregator.domain.relevance.tokenizer import stem

WORDS = [
    f"{prefix}{root}{ending}"
    for prefix in ("", "un", "re")
    for root in ("valid", "organ", "relat")
    for ending in ("ation", "ational", "izing", "ities", "fulness", "ively", "edly", "ousness", "ment", "able")
]


def test_threads_do_not_disturb_one_another() -> None:
    uncached = stem.__wrapped__
    alone = [uncached(word) for word in WORDS]
    interval = getswitchinterval()
    setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(lambda _: [uncached(word) for word in WORDS], range(40)))
    finally:
        setswitchinterval(interval)

    assert all(each == alone for each in together)
