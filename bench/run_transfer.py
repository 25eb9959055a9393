"""Run `pyfupdater` and print its duration and peak memory as JSON on the last line."""

import json
import sys
import time

from bench.run_fetch import read_peak_memory
from pyf.aggregator.cli.documented.updater import main as pyfupdater


def main(arguments: list[str]) -> None:
    start = time.perf_counter()
    code = 0
    try:
        pyfupdater(arguments)
    except SystemExit as end:
        code = int(end.code or 0)
    print(json.dumps({"seconds": time.perf_counter() - start, "mb": read_peak_memory()}))
    sys.exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
