"""From the text of a frame to a message and back, version 1 of the protocol. PURE.

Parsing is total: whatever a peer sends becomes a message or `Malformed`, and nothing of what it sent is echoed back.
"""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter, ValidationError

from orchestrator.errors import Malformed
from signaling.protocol.down import Down, Welcome
from signaling.protocol.fields import VERSION
from signaling.protocol.up import Up

FRAME_BYTES = 65_536
_DETAIL_CHARS = 300

_UP: TypeAdapter[Any] = TypeAdapter(Up)


def parse(text: str) -> Up:
    """Read one frame.

    Args:
        text: what the peer sent; anything at all.

    Raises:
        Malformed: `too_large`, `not_json`, `unknown_type`, `bad_field`, or `version_unsupported` for a `hello` of
            another version; the detail is safe to send back.
    """
    if len(text) > FRAME_BYTES:
        raise Malformed("too_large", f"a frame has at most {FRAME_BYTES} bytes")
    try:
        frame = text.encode("utf-8")
    except UnicodeEncodeError:
        raise Malformed("not_json", "not valid UTF-8") from None
    if len(frame) > FRAME_BYTES:
        raise Malformed("too_large", f"a frame has at most {FRAME_BYTES} bytes")
    try:
        message: Up = _UP.validate_json(frame)
    except ValidationError as error:
        raise _malformed(error) from None
    return message


def encode(message: Down) -> str:
    """Write one frame."""
    if not isinstance(message, Welcome):
        return message.model_dump_json()
    # What is not the receiver's kind is left out; everywhere else null is a value.
    kinds = ("programme", "session", "office", "ice_servers")
    exclude: dict[str, Any] = {name: True for name in kinds if getattr(message, name) is None}
    if message.you.name is None:
        exclude["you"] = {"name"}
    return message.model_dump_json(exclude=exclude)


def _malformed(error: ValidationError) -> Malformed:
    first = error.errors(include_url=False, include_context=False, include_input=True)[0]
    match first["type"]:
        case "json_invalid":
            return Malformed("not_json", "not a JSON text")
        case "union_tag_invalid":
            return Malformed("unknown_type", "no message has this type")
        case "union_tag_not_found":
            return Malformed("unknown_type", "a message is an object with a type")
        case "model_attributes_type" | "dict_type" | "model_type":
            return Malformed("bad_field", "a message is an object")
        case _:
            return _bad_field(error)


def _bad_field(error: ValidationError) -> Malformed:
    errors = error.errors(include_url=False, include_context=False)
    for each in errors:
        if each["loc"] == ("hello", "version") and type(each["input"]) is int:
            return Malformed("version_unsupported", f"this server speaks version {VERSION}")
    first = errors[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        place = str(first["loc"][0])
        return Malformed("bad_field", f"{place}: there are fields that it does not have")
    return Malformed("bad_field", f"{place}: {first['msg']}"[:_DETAIL_CHARS])
