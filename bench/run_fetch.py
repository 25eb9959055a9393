"""Run one full fetch of a built-in profile or a classifier and print its costs as JSON.

It runs in its own process, because peak memory is measured per process.
"""

import json
import resource
import sys
import time
from pathlib import Path

from pyf.aggregator.bootstrap import open_dependencies
from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.settings import load_settings
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.ingest.fetch import fetch_collection


def main(filter_name: str) -> None:
    profiles = load_profiles()
    fetch_filter = profiles[filter_name].filter if filter_name in profiles else Filter(classifiers=(filter_name,))
    start = time.perf_counter()
    with open_dependencies(load_settings()) as deps:
        report = fetch_collection(deps, Target(collection="bench"), default=fetch_filter)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    measured = {
        "whole_seconds": time.perf_counter() - start,
        "main_process_mb": read_peak_memory(),
        "main_process_cpu": usage.ru_utime + usage.ru_stime,
        "render_cpu": sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]),
    }
    print(json.dumps(report.to_dict() | measured))
    sys.exit(0 if report.is_complete else 1)


def read_peak_memory() -> float:
    """Return the peak memory of this process in MB; `getrusage` includes its parent's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main(sys.argv[1])
