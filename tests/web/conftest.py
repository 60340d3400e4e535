"""A newsroom with stories, for the tests of the web server."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine

from tests.harness.desk import DeskUser
from tests.harness.newsroom import Newsroom, article

PASSWORD = "correct horse battery"


@pytest.fixture
def labor_newsroom(newsroom: Newsroom) -> Newsroom:
    """A newsroom with one outlet, one topic and some stories."""
    newsroom.lists("harbor")
    newsroom.has_topic("labor", "strike")
    newsroom.publishes("harbor", *(article(f"Strike {n}", "Long. " * 40) for n in range(5)))
    newsroom.ingests()
    return newsroom


@pytest.fixture
def desk(newsroom: Newsroom) -> Iterator[DeskUser]:
    """An owner at the desk of a newsroom with two outlets, one of which fails."""
    newsroom.has_topic("labor", "strike")
    newsroom.has_topic("rain")
    newsroom.lists("harbor")
    newsroom.lists("broken")
    newsroom.publishes("harbor", article("A strike"), article("Rain"))
    newsroom.answers("broken", b"", status=500)
    newsroom.ingests()
    newsroom.config.path.write_text(newsroom.written)
    newsroom.store.config.accept(newsroom.written, newsroom.now)
    user = DeskUser(newsroom)
    user.is_owner("ana", PASSWORD)
    with time_machine.travel(newsroom.now + timedelta(minutes=1)):
        user.logs_in("ana", PASSWORD)
        yield user
