"""`add`: the feed of a site is found, shown and added."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from aggregator.demo.press import CannedResponse, Press
from tests.harness.builders import prose
from tests.harness.command_line import HEAD, feed_response, run, run_on_terminal, source_table
from tests.harness.newsroom import article

HTML = {"Content-Type": "text/html"}


def _page(*links: str) -> CannedResponse:
    head = "".join(f'<link rel="alternate" type="application/rss+xml" {link}>' for link in links)
    page = f"<!doctype html><html><head><title>Home</title>{head}</head><p>News.".encode()
    return CannedResponse(body=page, headers=HTML)


@pytest.fixture
def config(tmp_path: Path, press: Press) -> Path:
    """A feeds.toml with an outlet that has one article, and a comment."""
    shared = article("Dockers strike again", prose(1))
    press.put("/harbor", feed_response("harbor", shared))
    file = tmp_path / "feeds.toml"
    file.write_text(f"# ours\n{HEAD}{source_table('harbor', f'{press.url}/harbor')}")
    run(file, "ingest")
    return file


def _sources(config: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(config.read_text())["source"]
    return found


def _plains(press: Press) -> str:
    """An outlet that republishes an article of another, and has one of its own."""
    items = [
        article("Dockers strike again", prose(1), link="https://plains.example/dockers"),
        article("Rain", "It rains.", link="https://plains.example/rain"),
    ]
    press.put("/plains", _page('title="Main" href="/plains.xml"'))
    press.put("/plains.xml", feed_response("plains", *items))
    return f"{press.url}/plains"


def test_a_site_is_added_by_its_home_page(config: Path, press: Press) -> None:
    """Its feed is found and fetched once; its articles, their topics and copies are shown, and only
    its table is added to the file."""
    before = config.read_text()
    result = run(config, "add", _plains(press), "--yes")

    assert result.returncode == 0, result.stderr
    assert "Plains (plains)" in result.stdout
    assert "2 articles, the newest:" in result.stdout
    assert "in labor: 1, such as" in result.stdout
    assert "also at harbor: 1" in result.stdout
    assert [r.path for r in press.requests if "plains" in r.path] == ["/plains", "/plains.xml"]
    assert config.read_text().startswith(before)
    assert _sources(config)[1] == {
        "id": "plains",
        "name": "Plains",
        "feed": f"{press.url}/plains.xml",
        "site": "https://plains.example/",
    }
    assert "2 new" in run(config, "ingest", "--source", "plains").stdout


def test_nothing_is_added_without_a_yes(config: Path, press: Press) -> None:
    """A dry run shows the same, `no` on a terminal adds nothing, and a script must say yes."""
    address, before = _plains(press), config.read_text()

    assert "also at harbor" in run(config, "add", address, "--dry-run").stdout
    assert "Add Plains?" in run_on_terminal(config, "add", address, answers=["n"])
    assert "give --yes to add it" in run(config, "add", address).stderr
    assert config.read_text() == before


def test_one_of_several_feeds_is_chosen(config: Path, press: Press) -> None:
    """The feeds that a page announces are numbered; that of its comments comes last."""
    links = ['href="/c/comments/feed/" title="Comments"']
    links += [f'href="/many/{n}" title="Feed {n}"' for n in range(12)]
    press.put("/many", _page(*links))
    press.put("/many/7", feed_response("many", article("Seven")))
    shown = run_on_terminal(config, "add", f"{press.url}/many", answers=["8", "y"])

    assert "The page announces 13 feeds:" in shown
    assert shown.index("Feed 11") < shown.index("Comments")
    assert _sources(config)[1]["feed"] == f"{press.url}/many/7"


def test_a_feed_at_a_usual_path_is_found(config: Path, press: Press) -> None:
    """The page announces nothing, and its server answers every address with a page."""
    page = CannedResponse(body=b"<!doctype html><html><body>Not here", headers=HTML)
    for path in ("/", "/feed/", "/rss.xml"):
        press.put(path, page)
    press.put("/feed.xml", feed_response("quiet", article("Found")))

    assert run(config, "add", press.url, "--yes", "--id", "q", "--topic", "labor").returncode == 0
    assert _sources(config)[1]["id"] == "q"
    assert _sources(config)[1]["topics"] == ["labor"]


def _redirect(url: str) -> CannedResponse:
    return CannedResponse(status=302, headers={"Location": url})


def test_what_cannot_be_added_is_said(config: Path, press: Press) -> None:
    """Each address gets its own sentence, and the good one among them is added."""
    press.put("/", _page())
    press.put("/private", _page('href="/hidden"'))
    press.put("/hidden", _redirect("http://10.0.0.1/feed"))
    press.put("/broken", CannedResponse(status=500))
    press.put("/ftp", _page('href="ftp://outlet.example/feed"'))
    good = press.put("/good", feed_response("good", article("Good")))
    names = ("private", "broken", "ftp", "harbor")
    result = run(config, "add", *(f"{press.url}/{n}" for n in names), "x:y", "", good, "--yes")

    assert result.returncode == 2
    said = {
        n: next(line for line in result.stderr.splitlines() if f"/{n}: " in line) for n in names
    }
    assert "10.0.0.1" in said["private"]
    assert "500" in said["broken"]
    assert "No feed was found there, nor at the usual paths of 127.0.0.1" in said["ftp"]
    assert "This is the feed of 'harbor', which is listed already." in said["harbor"]
    assert [source["id"] for source in _sources(config)] == ["harbor", "good"]


def test_ids_are_made_of_names_in_any_script(config: Path, press: Press) -> None:
    """They are transliterated, never empty and never doubled."""
    for path, name in (("/1", "Правда"), ("/2", "правда!"), ("/3", "!!!")):
        feed = feed_response(name, article(f"News {path}"))
        press.put(path, feed)
    result = run(config, "add", *(f"{press.url}/{n}" for n in (1, 2, 3)), "--yes")

    assert result.returncode == 0, result.stderr
    ids = [source["id"] for source in _sources(config)][1:]
    assert ids[:2] == ["pravda", "pravda-2"]
    assert ids[2] == "127-0-0-1"


def test_what_was_found_as_json(config: Path, press: Press) -> None:
    """For scripts, and for the desk."""
    result = run(config, "add", _plains(press), "--dry-run", "--json")
    (found,) = json.loads(result.stdout)

    assert found["in_topics"] == {"labor": 1}
    assert found["also_at"] == {"harbor": 1}
    assert {entry["title"] for entry in found["entries"]} == {"Dockers strike again", "Rain"}
    assert "needs --yes or --dry-run" in run(config, "add", "x", "--json").stderr


def test_a_web_page_as_feed_names_the_feed(config: Path, press: Press) -> None:
    """The failure of a source whose address is a page names the command that corrects it, and the
    command does."""
    press.put("/harbor", _page('href="/real" title="News"'))
    press.put("/real", feed_response("harbor", article("Back")))

    failed = run(config, "ingest", "--all").stdout
    command = f"aggregator set harbor feed {press.url}/real"
    assert f"The page announces {press.url}/real (News); to take it, run `{command}`." in failed
    assert run(config, *command.split()[1:]).returncode == 0
    assert "1 new" in run(config, "ingest", "--all").stdout
