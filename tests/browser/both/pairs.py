"""Which browsers the people of a story have: the seeker's, the supporter's, and a third one's."""

from __future__ import annotations

import pytest

CHROMIUM, FIREFOX = "Chromium", "Firefox"


def pairs(*short: str, long: tuple[str, ...] = ()) -> pytest.MarkDecorator:
    """Play a story with these browsers: the seeker's, the supporter's, and that of others, as far as it differs.

    Args:
        short: as part of `make test`.
        long: as part of `make test-firefox` alone.
    """
    played = [pytest.param(names, id=names.replace(" ", "-")) for names in short]
    played += [
        pytest.param(names, id=names.replace(" ", "-"), marks=pytest.mark.long) for names in long
    ]
    return pytest.mark.parametrize("browsers", played, indirect=True)
