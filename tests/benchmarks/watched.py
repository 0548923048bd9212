"""A node that says on SIGUSR1 what it holds: `python -m tests.benchmarks.watched FILE demo …`, else like `madoguchi`.

Written to FILE: how many objects of each class of ours are alive, how many tasks, how many blocks of memory Python has
handed out in all, and what its media workers last said.
"""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from orchestrator.__main__ import main
from workers.media.child import MediaWorker

ROOMS = ("orchestrator", "signaling", "workers")


def held() -> dict[str, Any]:
    """What is alive in this process after a full collection."""
    gc.collect()
    counts: Counter[str] = Counter()
    workers: Counter[str] = Counter()
    for each in gc.get_objects():
        kind = type(each)
        if (
            str(kind.__module__).partition(".")[0] in ROOMS
        ):  # some builtin types keep a descriptor there
            counts[f"{kind.__module__}.{kind.__qualname__}"] += 1
        if isinstance(each, asyncio.Task) and not each.done():
            counts["asyncio.Task"] += 1
        if isinstance(each, MediaWorker):
            workers.update({name: each.counters.get(name, 0) for name in ("rooms", "legs")})
    blocks = sys.getallocatedblocks()
    return {"objects": dict(counts), "workers": dict(workers), "blocks": blocks}


if __name__ == "__main__":
    told = Path(sys.argv[1])

    def tell(*_: object) -> None:
        """Write the file whole or not at all."""
        draft = told.with_suffix(".draft")
        draft.write_text(json.dumps(held()))
        draft.rename(told)

    signal.signal(signal.SIGUSR1, tell)
    raise SystemExit(main(sys.argv[2:]))
