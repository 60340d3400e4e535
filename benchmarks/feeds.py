"""Made-up feeds to measure with, like those of news outlets, and the same in every run."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

__all__ = ["KINDS", "make_feed"]

WORDS = """
after against again agreement ahead already among another around asked barely before began
behind border budget called campaign capital carried case change charges city civil claims
climate coalition committee community company council country court crisis daily decision
demand deputy district doctors during early election emergency energy estate evening every
families farmers federal figures final force former found four general government ground
group harbor health hearing hospital hours housing human hundreds issue judge killed labor
land last later law leader letter local long major march mayor members million minister
month national nearly never night north office officials order outside owners party people
plan police power president press prison project protest public question reached reason
record reform region report residents rights river rule school seven several side since
small social state strike students support system talks teachers term three trade union
until village vote wages water week workers world year young
""".split()  # noqa: SIM905 - a list of this length reads better as text
NEWEST = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)


KINDS = {
    "rich": "as WordPress writes them, with teaser, full text, author, categories and image",
    "plain": "with title, link, guid, date, and the text as description",
}


def make_feed(number: int, entries: int, kind: str) -> bytes:
    """Return an RSS 2.0 feed of one of the KINDS, with texts of 150 to 450 words."""
    rng = random.Random(number)
    host = f"https://outlet-{number}.example"
    items = "".join(_item(rng, host, number, index, kind) for index in range(entries))
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:media="http://search.yahoo.com/mrss/"><channel>'
        f"<title>Outlet {number}</title><link>{host}/</link><description>News</description>"
        f"<language>en-US</language>{items}</channel></rss>"
    ).encode()


def _item(rng: random.Random, host: str, number: int, index: int, kind: str) -> str:
    title = _sentence(rng, 8)
    link = f"{host}/2026/10/{number}-{index}-{title.split()[0].lower()}/"
    published = NEWEST - timedelta(minutes=37 * index + number)
    paragraphs = [
        " ".join(_sentence(rng, rng.randint(9, 25)) for _ in range(4))
        for _ in range(rng.randint(2, 6))
    ]
    body = "".join(f"<p>{escape(text)}</p>\n" for text in paragraphs)
    body = body.replace("people", f'<a href="{host}/tag/people/">people</a>', 2)
    body += f'<figure><img src="{host}/p/{index}.jpg" alt="" width="800" height="600"/></figure>'
    if kind == "plain":
        return (
            f"<item><title>{title}</title><link>{link}</link>"
            f'<guid isPermaLink="false">{host}/?p={1000 + index}</guid>'
            f"<pubDate>{format_datetime(published)}</pubDate>"
            f"<description>{escape(body)}</description></item>"
        )
    return (
        f"<item><title>{title} &amp;#8217;{number}&amp;#8217;</title><link>{link}</link>"
        f'<guid isPermaLink="false">{host}/?p={1000 + index}</guid>'
        f"<pubDate>{format_datetime(published)}</pubDate><dc:creator>Staff</dc:creator>"
        f"<category>{rng.choice(WORDS)}</category><category>News</category>"
        f"<description><![CDATA[<p>{escape(paragraphs[0][:280])} [&#8230;]</p>]]></description>"
        f"<content:encoded><![CDATA[{body}]]></content:encoded>"
        f'<media:thumbnail url="{host}/p/{index}.jpg" width="300" height="200"/></item>'
    )


def _sentence(rng: random.Random, length: int) -> str:
    return f"{' '.join(rng.choices(WORDS, k=length)).capitalize()}."
