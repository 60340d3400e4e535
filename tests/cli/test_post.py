"""`post`: an article that an operator found on the web."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.demo.press import CannedResponse, Press
from aggregator.store import open_read_only
from tests.harness.builders import prose
from tests.harness.command_line import HEAD, feed_response, run, source_table
from tests.harness.newsroom import article

URL = "https://elsewhere.example/2026/dockers-win"


@pytest.fixture
def config(tmp_path: Path, press: Press) -> Path:
    """A newsroom with an outlet that has one article."""
    rain = article("Rain", prose(1), link="https://harbor.example/rain")
    table = source_table("harbor", press.put("/harbor", feed_response("harbor", rain)))
    file = tmp_path / "feeds.toml"
    rain_topic = '[[topic]]\nid = "weather"\ntitle = "Weather"\n'
    file.write_text(HEAD + rain_topic + table)
    assert run(file, "ingest").returncode == 0
    return file


def _post(config: Path, url: str = URL, **options: str) -> dict[str, Any]:
    given = {"title": "Dockers win", **options}
    arguments = [f"--{name}={value}" for name, value in given.items()]
    result = run(config, "post", url, *arguments, "--json")
    assert result.returncode == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def _story(config: Path, id_: str) -> Any:
    with open_read_only(config.with_name("aggregator.db")) as store:
        assert store is not None
        story = store.stories.get(id_)
        assert story is not None
        return story, store.sources.by_id()[story.lead.source]


def _wait_for_the_next_second() -> None:
    time.sleep(1.001 - time.time() % 1)


def test_an_article_is_published_with_credit(config: Path) -> None:
    """In the topic that the operator names, and in those whose rule it matches; the outlet needs
    no entry in feeds.toml, which does not change."""
    before = config.read_text()
    found = _post(
        config,
        title="Dockers win the strike",
        topic="weather",
        outlet="The Elsewhere Post",
        author="R. Ortiz",
        summary="They <b>won</b>. It took nine days & nights.",
        published="2026-11-01",
    )

    assert found["is_new"]
    assert set(found["topics"]) == {"weather", "labor"}
    assert found["url"] == f"https://t.example/stories/{found['id']}"
    story, source = _story(config, found["id"])
    assert (source.name, source.site) == ("The Elsewhere Post", "https://elsewhere.example/")
    assert (story.lead.url, story.lead.author) == (URL, "R. Ortiz")
    assert story.lead.summary == "They <b>won</b>. It took nine days & nights."
    assert story.published == datetime(2026, 11, 1, tzinfo=UTC)
    assert config.read_text() == before


def test_the_same_article_again_is_one_story(config: Path) -> None:
    """Also under an address with parameters that track."""
    first = _post(config)
    again = _post(config, f"{URL}?utm_source=mail", topic="weather")
    assert (again["id"], again["is_new"]) == (first["id"], False)
    assert "weather" in again["topics"]


def test_an_article_of_a_listed_outlet(config: Path) -> None:
    """It is credited to that source; one that its feed has brought is known already."""
    found = _post(config, "https://harbor.example/sun", title="Sun")
    assert _story(config, found["id"])[1].id == "harbor"
    assert not _post(config, "https://harbor.example/rain", title="Rain")["is_new"]


def test_a_copy_of_what_another_outlet_has(config: Path) -> None:
    """It joins the story that the feed has brought, which keeps its id and lead."""
    _wait_for_the_next_second()  # runs of one second are one to the choice of a lead
    found = _post(config, title="Rain", summary=prose(1)[:1900], published="2026-10-05")
    story, source = _story(config, found["id"])
    assert [entry.source for entry in story.entries] == ["harbor", "elsewhere-example"]
    assert source.id == "harbor"


def test_what_waits_for_approval_does_not(config: Path) -> None:
    """What an operator posts is published at once."""
    config.write_text(config.read_text() + 'approve = true\nexclude = "sun"\n')
    found = _post(config, "https://harbor.example/sun", title="Sun")
    assert _story(config, found["id"])[0].title == "Sun"


@pytest.mark.parametrize(
    ("url", "options", "sentence"),
    [
        ("ftp://x.example/a", {}, "'ftp://x.example/a' is not the address of a web page."),
        ("javascript:alert(1)", {}, "is not the address of a web page."),
        ("", {}, "'' is not the address of a web page."),
        ("https://t.example/stories/1", {}, "This is a page of this site"),
        (URL, {"title": " "}, "An article needs a headline."),
        (URL, {"title": "x" * 301}, "The headline has 301 characters; at most 300"),
        (URL, {"summary": "x" * 2001}, "The summary has 2,001 characters; at most 2,000"),
        (URL, {"topic": "labr"}, "There is no topic 'labr' in feeds.toml; did you mean 'labor'?"),
        (URL, {"published": "yesterday"}, "'yesterday' is not a date such as 2026-11-30"),
    ],
)
def test_bad_input_is_answered_with_a_sentence(
    config: Path, url: str, options: dict[str, str], sentence: str
) -> None:
    """Nothing is stored, not even the outlet."""
    given = {"title": "Dockers win", **options}
    result = run(config, "post", url, *(f"--{name}={value}" for name, value in given.items()))
    assert result.returncode == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    with open_read_only(config.with_name("aggregator.db")) as store:
        assert store is not None
        assert list(store.sources.by_id()) == ["harbor"]


def test_an_article_that_was_taken_down_stays_down(config: Path) -> None:
    """The sentence says how to publish it again."""
    found = _post(config)
    assert run(config, "hide", found["id"], "--why", "asked for").returncode == 0
    result = run(config, "post", URL, "--title", "Dockers win")
    assert result.returncode == 2
    assert "was taken down here" in result.stderr


def test_a_date_in_the_future(config: Path) -> None:
    """It would stand above everything else: today's is now, a later one or an ancient one is
    refused."""
    soon = datetime.now(UTC) + timedelta(hours=2)
    found = _post(config, published=soon.isoformat())
    assert _story(config, found["id"])[0].published <= datetime.now(UTC)
    for date in ("2999-01-01", "0001-01-01"):
        refused = run(config, "post", "https://x.example/1", "--title", "X", "--published", date)
        assert refused.returncode == 2
        assert f"{date} is not the date of an article." in refused.stderr


def test_a_source_that_fails_goes_on_failing(config: Path, press: Press) -> None:
    """A posted article says nothing about its feed."""
    press.put("/harbor", CannedResponse(status=503))
    assert run(config, "ingest", "--all").returncode == 0
    before = json.loads(run(config, "sources", "--json").stdout)
    _post(config, "https://harbor.example/sun", title="Sun")
    after = json.loads(run(config, "sources", "--json").stdout)
    assert after[0]["state"] == before[0]["state"] == "failed"
    same = ("state", "since", "last_success", "next_fetch")
    assert [after[0][key] for key in same] == [before[0][key] for key in same]


def test_outlets_on_one_host_are_told_apart(config: Path) -> None:
    """Credit never goes to whoever was there first."""
    first = _post(config, "https://blogs.example/@b/1", title="One", outlet="B's blog")
    second = _post(config, "https://blogs.example/@c/1", title="Two")
    third = _post(config, "https://blogs.example/@b/2", title="Three", outlet="b's BLOG")
    names = [_story(config, each["id"])[1].name for each in (first, second, third)]
    assert names == ["B's blog", "blogs.example", "B's blog"]


def test_an_id_that_a_posted_outlet_has_is_not_given_away(config: Path, press: Press) -> None:
    """Else its articles would be credited to the other outlet."""
    found = _post(config, "https://herald.example/1", title="One", outlet="Herald")
    press.put("/h", feed_response("gazette", article("Another", prose(5))))
    result = run(config, "add", f"{press.url}/h", "--name", "Herald", "--yes")
    assert result.returncode == 0, result.stderr
    assert 'id = "herald-2"' in config.read_text()
    assert _story(config, found["id"])[1].site == "https://herald.example/"
