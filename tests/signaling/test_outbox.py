import asyncio

from signaling.outbox import Outbox
from signaling.protocol.down import Offer, Refused, TimeIsUp, TimeLeft

FIRST, SECOND, LAST = TimeLeft(left_s=1), TimeLeft(left_s=2), TimeLeft(left_s=3)


async def drained(outbox):
    """All that is handed out, up to the end."""
    messages = []
    while (message := await outbox.take()) is not None:
        messages.append(message)
    return messages


async def test_nothing_overtakes_the_welcome():
    outbox = Outbox(10)
    outbox.put(SECOND)
    outbox.put_latest("session", TimeIsUp)
    outbox.open(FIRST)
    outbox.close(LAST)
    assert await drained(outbox) == [FIRST, SECOND, TimeIsUp(), LAST]


async def test_only_the_newest_state_of_a_key_is_built():
    outbox = Outbox(10)
    outbox.open(FIRST)
    built = []

    def make(number):
        return lambda: built.append(number) or TimeLeft(left_s=number)

    for number in range(100):
        outbox.put_latest("session", make(number))
    outbox.close()
    assert await drained(outbox) == [FIRST, TimeLeft(left_s=99)]
    assert built == [99]


async def test_a_full_outbox_says_so_and_states_do_not_count():
    outbox = Outbox(3)
    outbox.open(FIRST)
    for key in range(100):
        outbox.put_latest(str(key), TimeIsUp)
    assert outbox.put(SECOND)
    assert outbox.put(SECOND)
    assert not outbox.put(LAST)
    await outbox.take()
    assert outbox.put(LAST)


async def test_who_was_not_welcome_hears_only_the_last_word():
    outbox = Outbox(3)
    outbox.put(FIRST)
    refused = Refused(code="link_unknown", closes=True)
    outbox.close(refused)
    assert await drained(outbox) == [refused]


async def test_after_the_last_word_nothing_is_said():
    outbox = Outbox(3)
    outbox.open(FIRST)
    outbox.close(LAST)
    outbox.put(Offer(media_epoch=1, sdp="v=0"))
    outbox.put_latest("session", TimeIsUp)
    outbox.close(SECOND)
    assert await drained(outbox) == [FIRST, LAST]


async def test_who_waits_is_woken():
    outbox = Outbox(3)
    outbox.open(FIRST)
    assert await outbox.take() == FIRST
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(outbox.take())
        await asyncio.sleep(0)
        outbox.put(SECOND)
    assert waiting.result() == SECOND
