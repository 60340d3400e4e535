"""The private address of a feed appears nowhere but where it is fetched from."""

from html import escape
from pathlib import Path

import pytest

from aggregator.demo.press import CannedResponse, Press
from tests.harness.command_line import HEAD, run, source_table

MARKS = ("MARKpath2026abc", "MARKtoken")
FEED = f"/{MARKS[0]}/feed.xml?user=7&token={MARKS[1]}"
SITE = "https://desk.example"


def hostile_feed(feed: str) -> str:
    """A document that repeats its own address in every place that there is."""
    address, relative = escape(feed), '<a href="">a</a><a href="?x">b</a><img src="img/x.png">'
    text = f'{relative}<a href="#n">n</a><p id="n">{address}</p><a href="{address}">self</a>'
    everywhere = "".join(
        f"<item><title>Strike {number} {address}</title>{link}"
        f"<description>{escape(text)}</description><guid isPermaLink='false'>{address}#{number}"
        f"</guid><dc:creator>{address}</dc:creator><category>{address}</category>"
        f"<enclosure url='{address}' type='audio/mpeg' length='1'/>"
        f"<media:thumbnail url='{address}'/>"
        f"<source url='{address}'>{address}</source><atom:link rel='canonical' href='{address}'/>"
        "</item>"
        for number, link in enumerate(
            (f"<link>{SITE}/1</link>", "<link>?p=2</link>", f"<link>{address}</link>", "")
        )
    )  # fmt: skip
    return (
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/">'
        f"<channel><title>{address}</title><link>{SITE}/</link>"
        f"<atom:link rel='self' href='{address}'/>{everywhere}</channel></rss>"
    )


@pytest.fixture
def newsroom(tmp_path: Path, press: Press) -> Path:
    """A feeds.toml of private feeds: one that works, and others that fail in several ways."""
    feed = press.put(FEED, CannedResponse())
    press.put(FEED, CannedResponse(body=hostile_feed(feed).encode()))
    sources = source_table("desk", feed) + 'show = "full"\npublic_feed = "https://desk.example/"\n'
    press.put(
        f"/to{FEED}",
        CannedResponse(
            body="<rss version='2.0'><channel><item><title>Relative</title><link>rel.html</link>"
            f"<pubDate>{escape(feed)}</pubDate><description><![CDATA[<img src='a.jpg'>]]>"
            "</description></item></channel></rss>".encode()
        ),
    )
    for name, response in {
        "gone": CannedResponse(status=404),
        "page": CannedResponse(body=b"<html>", headers={"Content-Type": "text/html"}),
        "loop": CannedResponse(status=302, headers={"Location": f"/loop{FEED}"}),
        "away": CannedResponse(status=301, headers={"Location": f"http://[{MARKS[1]}"}),
        "broken": CannedResponse(body=b"<rss><channel><item>" + FEED.encode()),
        "type": CannedResponse(body=b"no", headers={"Content-Type": f"text/{MARKS[1]}"}),
        "moved": CannedResponse(status=301, headers={"Location": f"/to{FEED}"}),
    }.items():
        sources += source_table(name, press.put(f"/{name}{FEED}", response))
    file = tmp_path / "feeds.toml"
    file.write_text(HEAD + sources)
    return file


def test_a_private_feed_stays_private(newsroom: Path) -> None:
    """Whatever way it came: a relative link, an id, a title, an error (FreshRSS GHSA-rpmm)."""
    names = ("desk", "gone", "page", "loop", "away", "broken", "type", "moved")
    commands = [
        ("check",), ("ingest", "--all"), ("publish", str(newsroom.parent / "out")),
        ("sources",), ("sources", "loop"), ("sources", "away"), ("sources", "desk"), ("story",),
        ("sources", "moved"), ("sources", "type"), ("moved",),
        *(("fetch", name, "--explain") for name in names),
        *(("fetch", name, "--explain", "--json") for name in names),
        ("source", "desk", "--json"), ("check", "--live", "--json"), ("status",),
        ("topics",), ("search", "strike"), ("ingest", "--all"), ("doctor",),
    ]  # fmt: skip
    said = {" ".join(command): run(newsroom, *command) for command in commands}

    published = [file for file in (newsroom.parent / "out").rglob("*") if file.is_file()]
    assert len(published) > 20
    assert "https://desk.example/1" in (newsroom.parent / "out/sources/desk.json").read_text()
    leaks = [str(file) for file in published if any(m.encode() in file.read_bytes() for m in MARKS)]
    leaks += [
        command
        for command, done in said.items()
        if any(mark in done.stdout + done.stderr for mark in MARKS)
    ]
    assert leaks == []
    assert "private address of the feed" in said["sources desk"].stdout


def test_it_stays_private_when_the_source_is_disabled(tmp_path: Path, press: Press) -> None:
    """Its address has no parameter that looks like a secret, and moves to another such."""
    target = press.put(f"/to/{MARKS[0]}", CannedResponse(body=hostile_feed("x").encode()))
    moved = CannedResponse(status=301, headers={"Location": target})
    table = source_table("desk", press.put(f"/from/{MARKS[0]}", moved))
    table += 'public_feed = "https://desk.example/"\n'
    file = tmp_path / "feeds.toml"
    file.write_text(HEAD + table)
    run(file, "ingest", "--all")
    file.write_text(HEAD + table + "enabled = false\n")

    done = run(file, "sources")

    assert "moved to http://127.0.0.1" in done.stdout
    assert MARKS[0] not in done.stdout
