"""All stories, in the order in which they are played."""

from __future__ import annotations

from tests.screens import afterwards, at_the_office, in_the_room, way_in
from tests.screens.scene import Story

SHORT: tuple[Story, ...] = (
    way_in.house,
    way_in.door,
    way_in.check,
    way_in.lobby,
    in_the_room.call,
    afterwards.cancelled,
)
"""Those of `make test`: the main states."""

STORIES: tuple[Story, ...] = (
    *SHORT,
    way_in.connecting,
    way_in.refusals,
    way_in.notice,
    way_in.supporter_alone,
    way_in.late,
    way_in.claim,
    in_the_room.agreeing,
    in_the_room.otherwise,
    in_the_room.three,
    in_the_room.warnings,
    in_the_room.lost,
    in_the_room.missing,
    in_the_room.waiting,
    in_the_room.telephone,
    afterwards.overruled,
    afterwards.held,
    afterwards.stopped,
    at_the_office.empty_desk,
    at_the_office.desk,
    at_the_office.board,
    way_in.upkeep,
)
