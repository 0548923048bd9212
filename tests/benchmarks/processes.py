"""What processes cost: CPU time and memory, as the kernel accounts for them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


def cpu_s(pids: Iterable[int]) -> float:
    """CPU time so far, summed over all threads that live, in seconds; exact to the nanosecond."""
    spent = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            try:
                spent += int((task / "schedstat").read_text().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended in this moment
    return spent / 1e9


def rss_kb(pids: Iterable[int]) -> float:
    """Memory that is resident, in kB, summed."""
    page = os.sysconf("SC_PAGE_SIZE") / 1000
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page for pid in pids)


def open_files(pid: int) -> int:
    """How many file descriptors a process holds."""
    return len(os.listdir(f"/proc/{pid}/fd"))


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """What is started inside runs on one core and stays there; None: wherever."""
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cores() -> tuple[int | None, int | None]:
    """Of the load and of what is measured: the first and the last, or none when there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[-1]) if len(usable) > 1 else (None, None)


def cpu_model() -> str:
    """What the processor calls itself."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return os.uname().machine
