"""The files of the pages in memory: each as it is and compressed, under a version that names what all of them hold.

A page names its assets by that version, `/assets/v.0123456789ab/…`, so a browser keeps them for good and asks for
nothing on a reload but the page; relative imports stay inside the version by themselves. A page's script comes with
all its modules as one. Nothing is made beforehand: a file that changes on disk is read again at its next use.
"""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from html import escape
from pathlib import Path

from signaling.whole import Unjoinable, joined

SMALLEST = 256
"""Bytes from which compressing is worth its header."""

WHOLE = ".whole.js"
"""How the name of a script ends that is asked for with all its modules."""

VERSIONED = re.compile(r"v\.(?P<version>[0-9a-f]{12})/(?P<path>.+)")

TELEPHONE = "<!--telephone-->"
"""Where a page says whom to call: the place of the office's number, if it has given one."""

_MODULE = re.compile(r'<script type="module" src="(?P<path>/assets/[^"]+)"></script>')


@dataclass(frozen=True, slots=True)
class Copy:
    """What goes over the wire."""

    body: bytes
    etag: str
    """Without quotes; another one for each encoding (RFC 9110 §8.8.3.3)."""
    encoding: str | None = None


@dataclass(slots=True)
class Held:
    """One file."""

    stamp: str
    """Of what it was made: when that differs, it is made anew."""
    plain: Copy
    _gzipped: Copy | None = None

    @property
    def gzipped(self) -> Copy:
        """Compressed, at its first use; as it is where that would not be smaller."""
        if self._gzipped is None:
            self._gzipped = compressed(self.plain)
        return self._gzipped


def compressed(plain: Copy) -> Copy:
    """The copy for a browser that takes gzip."""
    if len(plain.body) < SMALLEST:
        return plain
    body = gzip.compress(plain.body, 9, mtime=0)
    return Copy(body, f"{plain.etag}-gzip", "gzip") if len(body) < len(plain.body) else plain


def copy_of(body: bytes) -> Copy:
    """What is not compressed."""
    return Copy(body, blake2b(body, digest_size=6).hexdigest())


@dataclass(frozen=True, slots=True)
class Edition:
    """All assets as they lay there together."""

    version: str
    etags: Mapping[Path, str]
    """Of each file as it is."""
    seen: list[tuple[str, int, int]]
    """What the folder looked like then."""


@dataclass(slots=True)
class Shelf:
    """The folder of the pages; as large as what lies in it, and that is ours."""

    root: Path
    telephone: str | None = None
    """Of the office, for pages that know no programme."""
    _held: dict[Path, Held] = field(default_factory=dict)
    _pages: dict[Path, Held] = field(default_factory=dict)
    _wholes: dict[Path, Held] = field(default_factory=dict)
    _latest: Edition | None = None

    def asset(self, path: Path) -> Held:
        """A file as it lies there now.

        Raises:
            OSError: there is none.
        """
        status = path.stat()
        stamp = f"{status.st_mtime_ns}-{status.st_size}"
        held = self._held.get(path)
        if held is None or held.stamp != stamp:
            held = self._held[path] = Held(stamp, copy_of(path.read_bytes()))
        return held

    def page(self, path: Path) -> Held:
        """A page, with the office's number and the version of now in the addresses of its assets.

        Raises:
            OSError: there is none.
        """
        edition, file = self._look(), self.asset(path)
        stamp = f"{file.plain.etag}-{edition.version}"
        held = self._pages.get(path)
        if held is None or held.stamp != stamp:
            text = _MODULE.sub(self._joining, file.plain.body.decode())
            text = text.replace('"/assets/', f'"/assets/v.{edition.version}/')
            text = text.replace(TELEPHONE, _link_to(self.telephone))
            held = self._pages[path] = Held(stamp, copy_of(text.encode()))
        return held

    def whole(self, script: Path) -> Held:
        """A page's script with all that it imports, as one.

        Raises:
            OSError: there is none, or a module that it names is not there.
            Unjoinable: it is to be had as it is alone.
        """
        edition = self._look()
        held = self._wholes.get(script)
        if held is None or held.stamp != edition.version:
            assets = self.root / "assets"
            text = joined(
                script.relative_to(assets).as_posix(),
                lambda path: self.asset(assets / path).plain.body.decode(),
            )
            held = self._wholes[script] = Held(edition.version, copy_of(text.encode()))
        return held

    def _joining(self, found: re.Match[str]) -> str:
        """The tag of a page's script: that of the whole, where that can be had."""
        path = found["path"]
        try:
            self.whole(self.root / path.removeprefix("/"))
        except (OSError, Unjoinable):
            return found[0]
        return found[0].replace(path, path.removesuffix(".js") + WHOLE)

    def is_of(self, version: str, path: Path, held: Held) -> bool:
        """Whether a file is the one of that version, so that it may be kept under it for good."""
        edition = self._latest or self._look()  # just started, and somebody's page is from before
        if version != edition.version:
            return False
        return held.stamp == version or edition.etags.get(path) == held.plain.etag

    def _look(self) -> Edition:
        """All assets of now; the same version on every node that has the same files."""
        seen = sorted(_stamps(self.root / "assets"))
        if self._latest is None or self._latest.seen != seen:
            etags = {Path(name): self.asset(Path(name)).plain.etag for name, *_ in seen}
            lines = (
                f"{path.relative_to(self.root).as_posix()} {etag}" for path, etag in etags.items()
            )
            version = blake2b("\n".join(lines).encode(), digest_size=6).hexdigest()
            self._latest = Edition(version, etags, seen)
        return self._latest


def _link_to(telephone: str | None) -> str:
    if telephone is None:
        return ""
    dialled = re.sub(r"[^+\d]", "", telephone)
    return f' <a class="num tel" href="tel:{dialled}">{escape(telephone)}</a>'


def _stamps(folder: Path | str) -> Iterator[tuple[str, int, int]]:
    """Every file below a folder, with the time of its change and its size; looked at for each page."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _stamps(entry.path)
            else:
                status = entry.stat()
                yield entry.path, status.st_mtime_ns, status.st_size


def takes_gzip(accepts: str) -> bool:
    """Whether an `Accept-Encoding` names gzip, or anything, and not with `q=0` (RFC 9110 §12.5.3)."""
    weights: dict[str, bool] = {}
    for part in accepts.lower().split(","):
        name, _, parameters = part.partition(";")
        weights[name.strip()] = not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", parameters)
    return weights.get("gzip", weights.get("*", False))
