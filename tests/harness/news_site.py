"""A site with real news: the feeds of shared/data/replay, and others in other languages."""

import functools
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from aggregator.calendar import advance
from aggregator.demo.drawings import landscape
from aggregator.demo.press import CannedResponse
from tests.harness.newsroom import Newsroom

__all__ = ["fill"]

OUTLETS = {
    "headlines-ann": "Adventist News Network",
    "headlines-bbc": "BBC News",
    "headlines-dailytelegraph": "The Daily Telegraph",
    "headlines-fox": "Fox News",
    "headlines-gmanews": "GMA News",
    "headlines-gmanewstv": "GMA News TV",
    "headlines-philstar": "The Philippine Star",
    "headlines-rnz": "RNZ",
    "headlines-smh": "The Sydney Morning Herald",
    "headlines-wsj": "The Wall Street Journal",
}
"""Series of shared/data/replay -> the name of its outlet."""
OTHER_LANGUAGES = {
    "urdu": ("real/miniflux__v2__ace12185__urdu_UTF8.xml", "BBC اردو"),
    "minutos": ("real/arminreiter__FeedReader__e1f510ef__Rss10Minutos20.xml", "20 Minutos"),
}
"""Id -> a file of shared/data/feeds, and the name of its outlet."""
TOPICS = {
    "pandemic": ("Pandemic", "coronavirus OR covid* OR virus OR pandemic OR lockdown* OR vaccine*"),
    "protest": ("Protest", "protest* OR riot* OR demonstrat* OR floyd"),
    "policing": ("Policing", "police OR cop OR cops OR officer* OR arrest*"),
    "work": ("Work", "job OR jobs OR worker* OR union* OR unemploy* OR wage*"),
    "health": ("Health", "health OR hospital* OR doctor* OR nurse* OR patient*"),
    "climate": ("Climate", "climate OR drought OR bushfire* OR emission* OR coal OR flood*"),
    "elections": ("Elections", "election* OR vote* OR senat* OR parliament OR minister*"),
    "courts": ("Courts", "court OR courts OR judge OR trial OR lawsuit OR charged"),
    "schools": ("Schools", "school* OR student* OR teacher* OR universit*"),
    "economy": ("Economy", "econom* OR recession OR stimulus OR budget OR bank* OR trade"),
    "travel": ("Travel", "flight* OR airline* OR airport* OR border* OR tourist*"),
    "asia": ("Asia", "china OR beijing OR japan OR philippines OR manila OR duterte"),
}
"""Id -> title and rule."""
EVERY_NTH = 12
"""Of the snapshots of a series, so many are left out between two."""


_PICTURE = re.compile(rb'https?://[^"<>\s]+?\.(?:jpe?g|png)(?=["<?])', re.IGNORECASE)


NOTICE = """[[notice]]
title = "Keep independent media alive"
text = "This site has no advertising and no owner. Readers pay for it."
link = "https://commons.example/support"
button = "Support us"
"""


def fill(newsroom: Newsroom, shared: Path, snapshots: int = 8) -> None:
    """List these outlets and topics, and ingest the newest `snapshots` of each outlet. Their
    pictures are long gone; landscapes stand in for them."""
    newsroom.change('title = "The Commons"', 'title = "The Commons Reader"\ndescription = '
        '"Independent news by topic: every story once, credited to the outlet that wrote it."\n'
        'contact = "desk@commons.example"\n'
        'notice = "Headlines and excerpts belong to the outlets credited."')  # fmt: skip
    newsroom.change("[fetch]", f"{NOTICE}[fetch]")
    for id_, (title, rule) in TOPICS.items():
        newsroom.has_topic(id_, rule)
        newsroom.change(f'title = "{id_.title()}"', f'title = "{title}"')
    for id_, name in OUTLETS.items():
        _lists(newsroom, id_, name)
    days: list[tuple[datetime, Callable[[], object]]] = []
    for id_ in OUTLETS:
        files = sorted((shared / "replay" / id_).glob("*.xml"))[::-EVERY_NTH][:snapshots]
        days += [
            (
                datetime.strptime(file.stem, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
                functools.partial(newsroom.answers, id_, _drawn(newsroom, file.read_bytes())),
            )
            for file in files
        ]
    newsroom.plays(sorted(days, key=lambda day: day[0]), *OUTLETS)
    for id_, (path, name) in OTHER_LANGUAGES.items():
        _lists(newsroom, id_, name)
        newsroom.answers(id_, _drawn(newsroom, (shared / "feeds" / path).read_bytes()))
    newsroom.ingests(*OTHER_LANGUAGES)
    newsroom.fetches_pictures()
    newsroom.closes_pages()
    advance(newsroom.config, newsroom.store, newsroom.now)


def _drawn(newsroom: Newsroom, feed: bytes) -> bytes:
    """A feed with drawn pictures at the press in the place of its own."""

    def address(found: re.Match[bytes]) -> bytes:
        path = f"/{hashlib.md5(found[0]).hexdigest()}.jpg"
        picture = CannedResponse(body=landscape(path), headers={"Content-Type": "image/jpeg"})
        return newsroom.press.put(path, picture).encode()

    return _PICTURE.sub(address, feed)


def _lists(newsroom: Newsroom, id_: str, name: str) -> None:
    newsroom.lists(id_, images='"own"')
    newsroom.change(f'name = "{id_.title()}"', f'name = "{name}"')
