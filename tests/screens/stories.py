"""All stories, in the order in which they are played."""

from __future__ import annotations

from tests.screens import afterwards, at_the_office, by_telephone, in_the_room, way_in
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
    at_the_office.board,  # before the others book anything: it shows all that there is
    *SHORT,
    way_in.inside,
    way_in.connecting,
    way_in.unreached,
    way_in.hindered,
    way_in.check_more,
    way_in.refusals,
    way_in.notice,
    way_in.supporter_alone,
    way_in.standing,
    way_in.late,
    way_in.claim,
    in_the_room.disturbed,
    in_the_room.unsealed,
    in_the_room.agreeing,
    in_the_room.otherwise,
    in_the_room.three,
    in_the_room.watched,
    in_the_room.warnings,
    in_the_room.lost,
    in_the_room.lost_there,
    in_the_room.missing,
    in_the_room.waiting,
    by_telephone.before,
    by_telephone.telephone,
    by_telephone.telephone_ends,
    afterwards.absent,
    afterwards.broken,
    afterwards.never_connected,
    afterwards.overruled,
    afterwards.held,
    afterwards.goodbye,
    afterwards.stopped,
    at_the_office.empty_desk,
    at_the_office.desk,
    at_the_office.rings,
    at_the_office.past,
    way_in.upkeep,
)
