"""A page's modules as one script, joined when they are first asked for: sixty requests would cost a telephone seconds.

Each module becomes a function that is called once, in the order of the imports, and gives what it exports; nothing is
shortened or renamed, so an error is found by its line. It knows the few forms that our modules are written in; a module
with any other makes the whole page go over the wire module by module, which is slower and works as well. PURE.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

_IMPORT = re.compile(
    r'^import\s+(?:\{(?P<names>[^}]*)\}|\*\s+as\s+(?P<all>\w+))\s+from\s+"(?P<path>\.[^"]+)";[ \t]*$',
    re.MULTILINE,
)
_EXPORT = re.compile(
    r"^export (?=(?:async function|function|const|class)\b\*? ?(?P<name>\w+))", re.MULTILINE
)
_UNKNOWN = re.compile(r"^(?:import|export)\b|\bimport\(", re.MULTILINE)
_META = "import.meta.url"


class Unjoinable(Exception):
    """A module is written in a way that this does not know, or two import each other."""


def joined(entry: str, read: Callable[[str], str]) -> str:
    """All modules of a page as one.

    Args:
        entry: the path of the page's own module, `js/room.js`.
        read: the text of a module by its path.

    Raises:
        Unjoinable: it has to be served as it is.
    """
    done: dict[str, str] = {}
    _visit(entry, read, done, ())
    return "\n".join(done.values())


def _visit(
    path: str, read: Callable[[str], str], done: dict[str, str], above: tuple[str, ...]
) -> None:
    if path in above:
        raise Unjoinable(f"{path} imports itself, by way of others")
    if path in done:
        return
    text = read(path)
    for found in _IMPORT.finditer(text):
        _visit(_beside(path, found["path"]), read, done, (*above, path))
    exported = [found["name"] for found in _EXPORT.finditer(text)]
    body = _IMPORT.sub(lambda found: _taking(path, found), _EXPORT.sub("", text))
    if strange := _UNKNOWN.search(body):
        line = text[: strange.start()].count("\n") + 1
        raise Unjoinable(f"{path}, about line {line}: {strange[0]}")
    here = posixpath.relpath(path, posixpath.dirname(next(iter(above), path)))
    body = body.replace(_META, f'new URL("{here}", {_META}).href')
    done[path] = (
        f"// {path}\nconst {_name(path)} = (() => {{\n{body}\nreturn {{ {', '.join(exported)} }};\n}})();"
    )


def _taking(path: str, found: re.Match[str]) -> str:
    """What stands in the place of an import."""
    module = _name(_beside(path, found["path"]))
    if found["all"]:
        return f"const {found['all']} = {module};"
    names = re.sub(r"\s+as\s+", ": ", " ".join(found["names"].split()))
    return f"const {{ {names} }} = {module};"


def _beside(path: str, other: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), other))


def _name(path: str) -> str:
    return "$" + re.sub(r"\W", "_", path)
