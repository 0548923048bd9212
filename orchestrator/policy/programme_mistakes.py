"""Reading a table into a model with all mistakes at once, each as a sentence for the one who wrote the file.

pydantic stops before a model's own cross checks when one field is wrong. So every field is read by itself first, and a
cross check runs as soon as the fields that it names are sound.
"""

from __future__ import annotations

import difflib
import inspect
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Any, TypeVar, cast, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)
Found = tuple[str, str]
"""A dotted key, and the reason as a sentence."""
CrossCheck = Callable[..., Iterator[Found]]
"""Its parameters are named like the fields that it looks at; `written` is the table as it stands in the file."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong in a file."""

    file: str
    key: str
    """Dotted, for instance `windows.0.from`; `line 3` where the file is no TOML at all."""
    reason: str
    """A sentence."""

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.reason}"


class ProgrammeMistakes(ValueError):
    """All that is wrong with a programme.

    Args:
        mistakes: at least one.
    """

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


def read_toml(text: str, file: str) -> dict[str, Any]:
    """Parse TOML.

    Raises:
        ProgrammeMistakes: one mistake, with its line; a parser of TOML cannot go on after the first.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).partition(" (at ")
        line = where.partition(",")[0].rstrip(")")
        at_end = f"line {text.count(chr(10)) + 1}"
        key = line if line.startswith("line ") else at_end
        raise ProgrammeMistakes([Mistake(file, key, f"This is not TOML: {what}.")]) from None


def read_model(
    model: type[Model], checks: Sequence[CrossCheck], table: Mapping[str, object], file: str
) -> Model:
    """Read a table into a model.

    Args:
        model: every field validated by its own annotation, without validators in the class.
        checks: what the fields must be to each other.
        table: the values as written.
        file: how the mistakes call the source.

    Raises:
        ProgrammeMistakes: all of them, in the order of the model's fields, cross checks last.
    """
    sound: dict[str, object] = {}
    strange = [key for key in table if key not in model.model_fields]
    found: list[Found] = [(key, _unknown(key, model.model_fields)) for key in strange]
    for key, field in model.model_fields.items():
        if key in table:
            try:
                sound[key] = _adapters(model)[key].validate_python(table[key])
            except ValidationError as error:
                found += [
                    _sentence(model, key, details)
                    for details in error.errors()
                    if not _is_echo(details)
                ]
        elif field.is_required():
            found.append((key, _missing(field.description)))
        else:
            sound[key] = field.get_default(call_default_factory=True)
    known = sound | {"written": table}
    for check in checks:
        needs = inspect.signature(check).parameters
        if known.keys() >= needs.keys():
            found += check(**{key: known[key] for key in needs})
    if found:
        raise ProgrammeMistakes([Mistake(file, key, reason) for key, reason in found])
    return model.model_validate(sound)


@lru_cache(maxsize=8)
def _adapters(model: type[BaseModel]) -> Mapping[str, TypeAdapter[object]]:
    return {
        # A type made at run time, which a type checker cannot follow.
        key: TypeAdapter(cast(type[object], Annotated[field.annotation, field]))
        for key, field in model.model_fields.items()
    }


_SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "literal_error": "This must be {expected}, not {value!r}.{near}",
        "enum": "This must be {expected}, not {value!r}.{near}",
        "int_type": "This must be a whole number, not {value!r}.",
        "bool_type": "This must be true or false, not {value!r}.",
        "string_type": "This must be text in quotes, not {value!r}.",
        "tuple_type": "This must be a list, not {value!r}.",
        "frozen_set_type": "This must be a list, not {value!r}.",
        "model_type": "This must be a table, not {value!r}.",
        "dict_type": "This must be a table, not {value!r}.",
        "greater_than_equal": "This must be at least {ge}, not {value!r}.",
        "less_than_equal": "This must be at most {le}, not {value!r}.",
        "string_pattern_mismatch": "This must match {pattern}, not {value!r}.",
        "string_too_long": "This must have at most {max_length} characters.",
        "string_too_short": "This must not be empty.",
        "too_short": "This must not be empty.",
        "value_error": "{error}",
    }
)
"""What pydantic calls an error, in words for one who has never seen pydantic."""


def _sentence(model: type[BaseModel], key: str, details: ErrorDetails) -> Found:
    place = (key, *details["loc"])
    context = details.get("ctx", {})
    inner = _inner(model, place[:-1])
    if details["type"] == "extra_forbidden":
        reason = _unknown(str(place[-1]), inner.model_fields)
    elif details["type"] == "missing":
        reason = _missing(_described(inner, str(place[-1])))
    else:
        template = _SENTENCES.get(details["type"], "{msg}, not {value!r}.")
        known = {"value": details["input"], "msg": details["msg"]}
        reason = template.format(**known, near=_near(details["input"], context), **context)
    return ".".join(str(part) for part in place if part != "[key]"), reason


def _is_echo(details: ErrorDetails) -> bool:
    """A list counts as too short when its items were refused, which has been said already."""
    return details["type"] == "too_short" and bool(details["input"])


def _near(value: object, context: Mapping[str, Any]) -> str:
    known = [
        part.strip(" '") for part in context.get("expected", "").replace(" or ", ",").split(",")
    ]
    near = difflib.get_close_matches(str(value), known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _unknown(key: str, fields: Mapping[str, Any]) -> str:
    known = [field.alias or name for name, field in fields.items()]
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"There is no such key; did you mean `{near[0]}`?" if near else "There is no such key."


def _missing(description: str | None) -> str:
    return f"This key is missing: {description}" if description else "This key is missing."


def _described(model: type[BaseModel], key: str) -> str | None:
    fields = model.model_fields.items()
    return next((f.description for name, f in fields if (f.alias or name) == key), None)


def _inner(model: type[BaseModel], place: tuple[int | str, ...]) -> type[BaseModel]:
    """The model of the table at that place: down through the annotations, past list indexes and free keys."""
    for part in place:
        field = model.model_fields.get(str(part))
        model = _model_in(field.annotation, model) if field else model
    return model


def _model_in(annotation: Any, default: type[BaseModel]) -> type[BaseModel]:  # noqa: ANN401
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(argument, default) for argument in get_args(annotation))
    return next((model for model in inner if model is not default), default)
