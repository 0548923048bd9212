"""Makes the pictures small beside the stories, which have real clocks and do not wait for it."""

from __future__ import annotations

import os
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.screens.palette import small

NICENESS = 10
"""Calls go first: they are made and shown on the same cores."""


class Darkroom:
    """Keeps pictures in a folder; whoever leaves it has waited for all of them, and hears of the first that failed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # A process that is started anew: a fork of one with threads may stop at a lock that nobody holds any more.
        self._process = ProcessPoolExecutor(
            1, mp_context=get_context("spawn"), initializer=os.nice, initargs=(NICENESS,)
        )
        self._kept: list[Future[None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._process.shutdown(cancel_futures=error is not None)
        if error is None:
            for each in self._kept:
                each.result()

    def keeps(self, name: str, shot: bytes) -> None:
        """Take a picture in; it is in the folder later.

        Args:
            name: of the file.
            shot: PNG, as the browser made it.
        """
        self._kept.append(self._process.submit(_keep, self.folder / name, shot))


def _keep(path: Path, shot: bytes) -> None:
    path.write_bytes(small(shot))
