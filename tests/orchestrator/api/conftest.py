import pytest

from tests.signaling.node import running_node


@pytest.fixture
async def node():
    async with running_node() as node:
        yield node


@pytest.fixture
async def call(node):
    """Calls the API as a scheduler; status and JSON."""
    token = await node.staff()

    async def call(method, path, body=None, *, token=token, headers=None):
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        answer = await node.http.request(
            method, node.url("/api/v1" + path), json=body, headers=sent | (headers or {})
        )
        return answer.status, await answer.json()

    return call
