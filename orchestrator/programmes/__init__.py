"""The programmes that ship, and the reading of those that an operator adds.

The files stand beside this one. A file of the same name in the operator's folder replaces ours whole, so that an office
can write its own telephone number or hours without touching the package.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from orchestrator.errors import Misconfigured
from orchestrator.policy.programme import Programme, ProgrammeMistakes, parse

_MOST_BYTES = 1_000_000
"""A programme is a few kilobytes; more is a wrong file, and reading it would only cost memory."""


def load_all(extra_dir: Path | None = None, telephone: str | None = None) -> dict[str, Programme]:
    """Read all programmes.

    Args:
        extra_dir: a folder with further `.toml` files, or None.
        telephone: number of programmes that name none, or None.

    Returns:
        Programmes by name.

    Raises:
        Misconfigured: with every mistake of every file.
    """
    mistakes: list[str] = []
    sources: dict[str, Traversable] = dict(_toml_files(files(__name__)))
    if extra_dir is not None:
        try:
            sources |= dict(_toml_files(extra_dir))
        except OSError as error:
            mistakes.append(f"{extra_dir}: The folder cannot be read: {error.strerror}.")
    programmes: dict[str, Programme] = {}
    for file, source in sorted(sources.items()):
        try:
            programme = _load(source, file)
        except ProgrammeMistakes as found:
            mistakes += [str(mistake) for mistake in found.mistakes]
        except OSError as error:
            mistakes.append(f"{file}: The file cannot be read: {error.strerror}.")
        except ValueError as error:
            mistakes.append(f"{file}: {error}")
        else:
            given = {"telephone": programme.telephone or telephone}
            programmes[programme.name] = programme.model_copy(update=given)
    if mistakes:
        raise Misconfigured(mistakes)
    return programmes


def _toml_files(folder: Traversable) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.name.endswith(".toml"):
            yield entry.name, entry


def _load(source: Traversable, file: str) -> Programme:
    """Read one file.

    Raises:
        ProgrammeMistakes: what is wrong in it.
        ValueError: with a sentence, when it is not text of a bearable size, or carries another name.
    """
    with source.open("rb") as stream:
        raw = stream.read(_MOST_BYTES + 1)
    if len(raw) > _MOST_BYTES:
        raise ValueError("The file is too large for a programme.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"The file is not UTF-8 text (byte {error.start}).") from None
    programme = parse(text, file)
    if programme.name != file.removesuffix(".toml"):
        raise ValueError(f"name: It is {programme.name!r}, but the file is called {file!r}.")
    return programme
