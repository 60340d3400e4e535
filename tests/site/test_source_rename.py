"""A renamed outlet: nothing is published twice, and its former addresses redirect."""

import json
from typing import Any

from tests.harness.newsroom import Newsroom, article


def _json(newsroom: Newsroom, path: str) -> Any:
    return json.loads(newsroom.get(path).data)


def test_a_renamed_outlet_keeps_its_readers(newsroom: Newsroom) -> None:
    """Feeds and pages redirect, the Atom id of its feed and the ids of its stories stay, and the
    next fetch finds nothing new."""
    newsroom.has_topic("labor")
    newsroom.lists("harbor", topics='["labor"]')
    newsroom.publishes("harbor", article("Strike one"), article("Strike two"))
    newsroom.ingests()
    before = newsroom.get("/sources/harbor.atom").text
    newsroom.change('id = "harbor"', 'id = "port"\nwas = ["harbor"]')
    newsroom.publishes("harbor", article("Strike one"), article("Strike two"), article("Three"))

    report = newsroom.ingests()

    assert (report.total.new, report.total.known) == (1, 2)
    for path in ("/sources/harbor", "/sources/harbor.atom", "/sources/harbor.json"):
        moved = newsroom.get(path)
        assert (moved.status_code, moved.headers["Location"]) == (
            301,
            path.replace("harbor", "port"),
        )
    after = newsroom.get("/sources/port.atom").text
    assert after.count("<entry") == 3
    assert after.partition("</id>")[0] == before.partition("</id>")[0]
    assert "/sources/harbor" not in after.partition("</id>")[2].replace("/harbor/feed", "")
    assert _json(newsroom, "/all.json?without=harbor")["items"] == []
    directory = _json(newsroom, "/sources.json")["sources"]
    assert [(each["id"], each["former_ids"]) for each in directory] == [("port", ["harbor"])]
