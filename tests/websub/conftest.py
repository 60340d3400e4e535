"""Our own hub and a subscriber, both on real servers on loopback.

Only the time is passed in, so that a test decides when a lease ends.
"""

from collections.abc import Iterator

import pytest

from tests.harness.callback_server import Callbacks, open_callbacks
from tests.harness.newsroom import Newsroom, article
from tests.harness.own_hub import OwnHub
from tests.harness.servers import serving


@pytest.fixture
def hub(newsroom: Newsroom) -> Iterator[OwnHub]:
    """A hub with one outlet, one topic and one story, and nothing to do."""
    newsroom.lists("harbor")
    newsroom.has_topic("labor", "strike")
    newsroom.change("[fetch]", '[publish]\nhub = "self"\n[fetch]')
    newsroom.publishes("harbor", article("First strike"))
    newsroom.ingests()
    with serving(newsroom.reader.application) as served:
        opened = OwnHub(newsroom, served.url)
        opened.work()
        yield opened


@pytest.fixture
def reader() -> Iterator[Callbacks]:
    """A subscriber's server."""
    with open_callbacks() as opened:
        yield opened
