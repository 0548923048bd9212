"""What somebody writes enters nowhere with characters that nobody sees: every field of every body and message."""

import importlib
import inspect
import json
import pkgutil
import re
from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

import orchestrator.api
from signaling import protocol

HIDDEN = "\u202e\u200b\ufeff\u2066"
EXACT = {"link", "token", "sdp", "seat", "option", "accused", "terms_version", "attestations"}
"""Of a page's messages: secrets, SDP, and keys, which must equal what the server knows."""
UNREAD = {"Key.text", "Pong.server_time"}
"""What no person writes and nobody reads: a key in base64, and a moment that is not looked at."""


def _bodies() -> list[type[BaseModel]]:
    """Every body that a handler of the API reads."""
    found = []
    for each in pkgutil.iter_modules(orchestrator.api.__path__, "orchestrator.api."):
        module = importlib.import_module(each.name)
        names = re.findall(r"body_of\(request, (\w+)\)", inspect.getsource(module))
        found += [getattr(module, name) for name in names]
    return found


def _fields() -> list[Any]:
    messages, _ = get_args(protocol.Up)
    return [
        pytest.param(TypeAdapter(Annotated[field.annotation, field]), id=f"{model.__name__}.{name}")
        for model in (*_bodies(), *get_args(messages))
        for name, field in model.model_fields.items()
        if not (issubclass(model, protocol._Message) and name in EXACT)
        and f"{model.__name__}.{name}" not in UNREAD
    ]


def test_every_body_and_every_message_is_looked_at():
    assert len(_bodies()) >= 15
    assert len(_fields()) >= 60


@pytest.mark.parametrize("field", _fields())
def test_nothing_that_nobody_sees_comes_in(field):
    for text in (f"あ{HIDDEN}い", HIDDEN, "a\x1b[31mb", "a\x00b"):
        for value in (text, [text], {"q": text}):
            try:
                read = field.validate_json(json.dumps(value))
            except ValidationError:
                continue
            shown = json.dumps(field.dump_python(read, mode="json"), ensure_ascii=False)
            assert not set(HIDDEN) & set(shown)
            assert "\\u00" not in shown
