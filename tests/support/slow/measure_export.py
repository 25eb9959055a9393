"""Export a collection of a server; print the number of documents and the peak memory in KiB.

Run as `python measure_export.py ADDRESS KEY COLLECTION`; Linux only.
"""

import sys
from pathlib import Path

from pyf.aggregator.adapters import typesense
from pyf.aggregator.adapters.typesense import Server

if __name__ == "__main__":
    address, key, collection = sys.argv[1:]
    count = sum(1 for _ in typesense.build_ports(Server([address], key)).index.export(collection))
    print(count, Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
