"""`status`, `sources`, `source`, `fetch` and `check --live`: what is broken, since when and why."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.demo.press import CannedResponse, Press
from tests.harness.builders import prose
from tests.harness.command_line import HEAD, feed_response, run, source_table
from tests.harness.newsroom import article

NOW = datetime.now(UTC)


@pytest.fixture
def config(tmp_path: Path, press: Press) -> Path:
    """A newsroom with an outlet, one that republishes it, one that fails, and a paused one."""
    strike = article("Dockers strike", prose(1), published=NOW - timedelta(hours=3))
    rain = article("Rain", prose(2), published=NOW - timedelta(days=2))
    soon = NOW - timedelta(hours=2)
    copy = article("Dockers strike", prose(1), link="https://p.example/1", published=soon)
    feeds = {
        "harbor": feed_response("harbor", strike, rain),
        "plains": feed_response("plains", copy),
        "broken": CannedResponse(status=503, body=b"Down for repairs."),
        "paused": feed_response("paused"),
    }
    tables = [source_table(name, press.put(f"/{name}", feed)) for name, feed in feeds.items()]
    file = tmp_path / "feeds.toml"
    file.write_text(HEAD + "".join(tables) + "enabled = false\n")
    assert run(file, "ingest").returncode == 0
    return file


def _json(config: Path, *command: str) -> Any:
    result = run(config, *command, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_newsroom_on_one_screen(config: Path) -> None:
    """First what needs the operator, then what comes in, within 80 columns and 24 lines."""
    lines = run(config, "status").stdout.splitlines()
    shown = "\n".join(lines)

    assert lines[0] == "T, https://t.example"
    assert lines[1].startswith("4 sources: 1 failed, 2 ok, 1 paused; last fetch ")
    assert "1 thing needs you:" in shown
    assert "503" in next(line for line in lines if line.startswith("  broken"))
    assert "last 24 hours: 1 story, 1 in several outlets, 0 without a topic" in shown
    assert "labor" in shown
    assert lines[-1] == "Times are in UTC."
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 24


def test_all_is_well(config: Path, press: Press) -> None:
    """It says so, when the outlet is back."""
    press.put("/broken", feed_response("broken", article("Back")))
    run(config, "ingest", "--all")

    assert "All is well." in run(config, "status").stdout


def test_the_status_as_json(config: Path) -> None:
    """For scripts: numbers, sentences, times with their zone."""
    found = _json(config, "status")

    assert found["sources"] == {"failed": 1, "ok": 2, "paused": 1}
    (reason,) = found["attention"]
    assert (reason["kind"], reason["source"]) == ("http_status", "broken")
    assert datetime.fromisoformat(reason["since"]).tzinfo
    assert reason["next_try"] > reason["since"]
    assert found["last_day"]["stories"] == 1
    assert sum(found["stories_by_day"]) == 2
    assert sorted(set(found["shared_by_day"])) == [0.0, 1.0]
    assert found["delay_by_day"] == [0.0] * 28  # nothing is late when a source is new


def test_times_are_local(config: Path) -> None:
    """The zone is said."""
    result = run(config, "status", TZ="Asia/Kolkata")

    assert result.stdout.endswith("Times are in IST (UTC+05:30).\n")


def test_one_source(config: Path, press: Press) -> None:
    """Its fetches, its rhythm, its last articles and what was rejected."""
    press.put("/harbor", CannedResponse(status=404))
    run(config, "ingest", "--all")
    shown = run(config, "source", "harbor").stdout
    found = _json(config, "source", "harbor")

    assert "why:           There is no feed at this address. (404 Not Found)" in shown
    assert "Dockers strike" in shown
    assert [fetch["status"] for fetch in found["fetches"]] == [404, 200]
    assert found["fetches"][1]["counts"]["new"] == 2
    assert sum(found["by_day"]) == 2
    assert [story["title"] for story in found["newest_stories"]] == ["Dockers strike", "Rain"]
    assert "did you mean 'harbor'?" in run(config, "source", "harbour").stderr


def test_states_have_colours_on_a_terminal_only(config: Path) -> None:
    """Files and pipes get none."""
    assert "\x1b" not in run(config, "sources").stdout


def test_each_step_is_explained(config: Path, press: Press) -> None:
    """One source goes through every step, and nothing is saved."""
    items = [article("Dockers strike", prose(1)), article("A strike at sea", prose(3))]
    press.put("/harbor", feed_response("harbor", *items, article("Old", link="x")))
    before = run(config, "source", "harbor").stdout
    shown = run(config, "fetch", "harbor", "--explain").stdout

    steps = [line.split()[0] for line in shown.splitlines() if line[:1].strip()]
    assert steps == ["fetch", "parse", "match", "clean", "dedupe", "categorize", "save", "Times"]
    assert "RSS 2.0 (Harbor): 3 entries" in shown
    assert "validators: ETag" in shown
    assert "'A strike at sea': " in shown
    assert "labor: 'A strike at sea' (rule" in shown
    assert "nothing was saved" in shown
    assert run(config, "source", "harbor").stdout == before


def test_a_duplicate_is_explained(config: Path, press: Press) -> None:
    """The evidence is shown."""
    again = article("Rain", prose(2), link="https://p.example/2", published=NOW)
    press.put("/plains", feed_response("plains", again))
    shown = run(config, "fetch", "plains", "--explain").stdout

    assert "'Rain': also at harbor; harbor leads" in shown
    assert "text: " in shown or "title: " in shown


def test_one_source_is_fetched_now(config: Path, press: Press) -> None:
    """Due or not; a failure is said."""
    press.put("/harbor", feed_response("harbor", article("New")))

    assert "harbor: 1 entry received, 1 new" in run(config, "fetch", "harbor").stdout
    failed = run(config, "fetch", "broken")
    assert failed.returncode == 2
    assert "broken failed: " in failed.stderr
    assert "failed: " in run(config, "fetch", "broken", "--explain").stdout
    press.put("/harbor", feed_response("harbor", article("New"), article("Newer")))
    counts = _json(config, "fetch", "harbor")["counts"]
    assert (counts["received"], counts["new"], counts["known"]) == (2, 1, 1)
    entry, _ = _json(config, "fetch", "harbor", "--explain")["entries"]
    assert (entry["given"]["title"], entry["published"]["title"]) == ("New", "New")
    failed = run(config, "fetch", "broken", "--explain", "--json")
    assert (failed.returncode, failed.stdout) == (2, "")
    assert "broken was not fetched: " in failed.stderr


def test_every_source_is_probed(config: Path, press: Press) -> None:
    """Status, format, entries, dates, redirects and time, with advice; nothing is saved."""
    press.put("/plains", CannedResponse(status=301, headers={"Location": f"{press.url}/harbor"}))
    before = run(config, "sources").stdout
    result = run(config, "check", "--live")
    found = json.loads(run(config, "check", "--live", "--json").stdout)

    assert result.returncode == 1
    assert "3 sources probed, 1 failed." in result.stdout
    assert (
        f"plains: It has moved permanently; run `aggregator set plains feed {press.url}/harbor`."
        in (result.stdout)
    )
    by_id = {probe["source"]: probe for probe in found}
    assert [probe["source"] for probe in found][:2] == ["broken", "plains"]
    assert (by_id["harbor"]["status"], by_id["harbor"]["format"]) == (200, "RSS 2.0")
    assert by_id["harbor"]["entries"] == 2
    assert by_id["broken"]["status"] == 503
    assert run(config, "sources").stdout == before


def test_old_and_empty_feeds_get_advice(config: Path, press: Press) -> None:
    """A feed that answers may still be the wrong one."""
    press.put(
        "/harbor", feed_response("harbor", article("Old", published=NOW - timedelta(days=400)))
    )
    press.put("/plains", feed_response("plains"))
    shown = run(config, "check", "--live").stdout

    assert "harbor: Its newest entry is from" in shown
    assert "plains: It has no entries;" in shown


@pytest.mark.parametrize(
    "command",
    [
        ["sources"], ["topics"], ["topics", "labor"], ["topic", "test", "labor"],
        ["search", "strike"], ["story", "Dockers"], ["hidden"], ["pinned"], ["hub"], ["held"],
        ["held", "harbor"], ["moved"], ["check"], ["diff"], ["doctor"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_everything_that_is_shown_is_there_as_json(config: Path, command: list[str]) -> None:
    """One document, and nothing else on standard output."""
    assert isinstance(_json(config, *command), dict | list)


# ---- names of stories


@pytest.mark.parametrize(
    "name",
    ["https://outlet.example/rain", "outlet.example/rain?utm_source=x", "rain", "RAIN"],
)
def test_a_story_is_named_by_its_outlets_address_or_its_title(config: Path, name: str) -> None:
    """As editors have it in front of them."""
    assert _json(config, "story", name)["title"] == "Rain"


def test_words_that_several_titles_have(config: Path, press: Press) -> None:
    """Those are named, with their ids; words that none has are said to be."""
    items = [article(f"Rain, day {n}") for n in range(3)]
    press.put("/harbor", feed_response("harbor", *items))
    run(config, "ingest", "--all")
    result = run(config, "story", "rain")

    assert result.returncode == 2
    assert "Several stories match 'rain'; name one of them by its id:" in result.stderr
    assert result.stderr.count("Rain") == 4
    assert (
        "There is no story 'nowhere'; name it by its id" in run(config, "story", "nowhere").stderr
    )
    assert _json(config, "story", "rain day 2")["title"] == "Rain, day 2"


@pytest.mark.parametrize("name", ["", "!!!", '"', "title:", "(", "https://", "a/b", "x" * 5000])
def test_odd_names_of_stories(config: Path, name: str) -> None:
    """A sentence, no traceback."""
    result = run(config, "hide", name, "--why", "asked")

    assert result.returncode == 2
    assert "Traceback" not in result.stderr


def test_a_server_that_asks_for_a_pause_is_left_alone(tmp_path: Path, press: Press) -> None:
    """By everything that looks at a source, too."""
    busy = CannedResponse(status=429, headers={"Retry-After": "7200"})
    feed = press.put("/busy", busy)
    file = tmp_path / "feeds.toml"
    file.write_text(HEAD + source_table("busy", feed))
    run(file, "ingest")
    asked = len(press.requests)

    explained = run(file, "fetch", "busy", "--explain")
    assert "asks for a pause until" in explained.stdout
    assert "asks for a pause" in run(file, "fetch", "busy", "--explain", "--json").stderr
    assert "has asked not to be fetched" in run(file, "check", "--live").stdout
    assert run(file, "add", "--dry-run", feed).returncode != 0
    assert len(press.requests) == asked
