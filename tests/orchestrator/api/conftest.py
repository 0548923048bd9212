import pytest

from tests.signaling.node import running_node


@pytest.fixture
async def node():
    async with running_node() as node:
        yield node
