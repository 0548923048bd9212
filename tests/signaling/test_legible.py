"""What somebody writes enters nowhere with characters that nobody sees: every field of every body and message."""

import contextlib
import importlib
import inspect
import json
import pkgutil
import re
from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

import orchestrator.api
from signaling.protocol import fields, up

HIDDEN = "\u202e\u200b\ufeff\u2066"
EXACT = {"link", "token", "sdp", "seat", "option", "accused", "terms_version", "attestations"}
"""Of a page's messages: secrets, SDP, and keys, which must equal what the server knows."""
UNREAD = {"Key.text", "Pong.server_time"}
"""What no person writes and nobody reads: a key in base64, and a moment that is not looked at."""
LATER = {"NewDecision.reason", "NewMaintenance.reason"}
"""Of these, control characters are refused by the use case, with a code of their own."""


def _bodies() -> list[type[BaseModel]]:
    """Every body that a handler of the API reads."""
    found = []
    for each in pkgutil.iter_modules(orchestrator.api.__path__, "orchestrator.api."):
        module = importlib.import_module(each.name)
        names = re.findall(r"body_of\(request, (\w+)\)", inspect.getsource(module))
        found += [getattr(module, name) for name in names]
    return found


def _fields() -> list[Any]:
    messages, _ = get_args(up.Up)
    return [
        pytest.param(key, TypeAdapter(Annotated[field.annotation, field]), id=key)
        for model in (*_bodies(), *get_args(messages))
        for name, field in model.model_fields.items()
        if not (issubclass(model, fields.Message) and name in EXACT)
        and (key := f"{model.__name__}.{name}") not in UNREAD
    ]


def test_every_body_and_every_message_is_looked_at():
    assert len(_bodies()) >= 15
    assert len(_fields()) >= 60


def _read(field: TypeAdapter[Any], text: str) -> list[str]:
    """What becomes of a text in that field, alone or among several; nothing where it is refused."""
    read = []
    for value in (text, [text], {"q": text}):
        with contextlib.suppress(ValidationError):
            taken = field.validate_json(json.dumps(value))
            read.append(json.dumps(field.dump_python(taken, mode="json"), ensure_ascii=False))
    return read


@pytest.mark.parametrize(("name", "field"), _fields())
def test_nothing_that_nobody_sees_comes_in(name, field):
    for text in (f"あ{HIDDEN}い", HIDDEN):
        assert not any(set(HIDDEN) & set(read) for read in _read(field, text))
    for text in ("a\x1b[31mb", "a\x00b"):
        assert name in LATER or not _read(field, text)
