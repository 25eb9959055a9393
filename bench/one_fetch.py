"""Do one full fetch in a process of its own, and print what it took as JSON: a process' peak memory is its own.

What is fetched is a built-in profile, or a classifier.
"""

import json
import resource
import sys
import time
from pathlib import Path

from pyf.aggregator.adapters.profiles import load_profiles
from pyf.aggregator.bootstrap import open_services
from pyf.aggregator.domain.profile import Filter
from pyf.aggregator.settings import load_settings
from pyf.aggregator.usecases.fetch import fetch
from pyf.aggregator.usecases.target import Target


def main(asked: str) -> None:
    profiles = load_profiles()
    chosen = profiles[asked].filter if asked in profiles else Filter(classifiers=(asked,))
    started = time.perf_counter()
    with open_services(load_settings()) as services:
        report = fetch(services, Target(collection="bench"), default=chosen)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    measured = {
        "whole_seconds": time.perf_counter() - started,
        "main_process_mb": peak_memory(),
        "main_process_cpu": usage.ru_utime + usage.ru_stime,
        "render_cpu": sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]),
    }
    print(json.dumps(report.as_mapping() | measured))
    sys.exit(0 if report.is_whole else 1)


def peak_memory() -> float:
    """Return the most memory the process had, in MB; what `getrusage` tells begins with that of its parent."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main(sys.argv[1])
