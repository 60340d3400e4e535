"""A day in the newsroom: outlets publish, we ingest, readers poll, all over real sockets."""

from datetime import timedelta

from aggregator.model import ALL
from tests.harness.builders import NOW, prose
from tests.harness.newsroom import Newsroom, article

HOUR = timedelta(hours=1)


def test_every_story_is_published_once_in_every_format(newsroom: Newsroom) -> None:
    """A second run brings nothing new."""
    newsroom.has_topic("labor", "strike OR union")
    for form in ("rss20", "rss10", "atom10", "json11"):
        newsroom.lists(form)
        newsroom.publishes(
            form,
            article(f"Strike at {form}", link=f"https://{form}.example/strike"),
            article(f"Weather at {form}", link=f"https://{form}.example/weather"),
            form=form,
        )

    first = newsroom.ingests()
    first_ids = newsroom.ids()
    second = newsroom.ingests(later=HOUR)

    assert first.total.received == first.total.new == 8
    assert second.total.received == 0  # 304s
    assert newsroom.ids() == first_ids
    assert len(set(first_ids)) == 8
    for ending in ("rss", "atom", "json"):
        answer = newsroom.get(f"/topics/labor.{ending}")
        assert answer.status_code == 200
        assert answer.text.count("Strike at ") == 4
        assert "Weather" not in answer.text


def test_later_stories_come_first(newsroom: Newsroom) -> None:
    """Earlier stories keep their position and id."""
    newsroom.lists("harbor")
    morning = article("Morning", published=NOW - 5 * HOUR)
    newsroom.publishes("harbor", morning)
    newsroom.ingests()
    (morning_id,) = newsroom.ids()

    noon = article("Noon", published=NOW)
    newsroom.publishes("harbor", noon, morning)
    report = newsroom.ingests(later=HOUR)

    assert (report.total.new, report.total.known) == (1, 1)
    assert newsroom.titles("/all.atom") == ["Noon", "Morning"]
    assert newsroom.ids()[1] == morning_id


def test_one_story_from_three_outlets(newsroom: Newsroom) -> None:
    """A republished article is one story that lists all its outlets (miniflux#797)."""
    link = "https://harbor.example/cranes"
    newsroom.lists("harbor")
    newsroom.lists("commons")
    newsroom.lists("second")
    newsroom.publishes("harbor", article("Cranes", link=link))
    newsroom.publishes("commons", article("Cranes!", link=f"{link}/?utm_source=commons"))
    newsroom.publishes("second", article("The cranes", link="http://www.harbor.example/cranes"))
    newsroom.ingests("harbor")
    (public_id,) = newsroom.ids()

    newsroom.ingests("commons", "second", later=HOUR)

    assert newsroom.ids() == [public_id]
    (item,) = newsroom.get("/all.json").json["items"]  # type: ignore[index]
    assert item["title"] == "Cranes"
    assert {other["name"] for other in item["_source"]["also_at"]} == {"Commons", "Second"}
    assert newsroom.titles("/sources/second.rss") == ["Cranes"]


def test_the_original_replaces_an_earlier_copy(newsroom: Newsroom) -> None:
    """Readers see an update with the same id and the original's text and credit."""
    newsroom.lists("copycat")
    newsroom.lists("harbor")
    link = "https://harbor.example/cranes"
    newsroom.publishes("copycat", article("Cranes – Copycat", link=link))
    newsroom.ingests("copycat")
    before = newsroom.read("/all.atom").entries[0]
    newsroom.publishes("harbor", article("Cranes", link=link))

    newsroom.ingests("harbor", later=HOUR)

    (after,) = newsroom.read("/all.atom").entries
    assert (after.id, after.published) == (before.id, before.published)
    assert (after.title, after.source.title) == ("Cranes", "Harbor")
    assert after.updated > before.updated
    (item,) = newsroom.get("/all.json").json["items"]  # type: ignore[index]
    assert [other["name"] for other in item["_source"]["also_at"]] == ["Copycat"]


def test_a_failing_outlet_does_not_affect_others(newsroom: Newsroom) -> None:
    """A failing source is reported with its error and since when."""
    newsroom.lists("good")
    newsroom.lists("broken")
    newsroom.publishes("good", article("Fine"))
    newsroom.answers("broken", b"on fire", status=500)

    report = newsroom.ingests()

    assert newsroom.titles("/all.rss") == ["Fine"]
    (failure,) = report.failed
    assert failure.source == "broken"
    health = {h.source: h for h in newsroom.store.sources.health()}["broken"]
    assert "500" in health.error
    assert health.failing_since == NOW
    assert health.next_fetch is not None
    assert health.next_fetch > NOW


def test_a_recovered_outlet_has_no_error(newsroom: Newsroom) -> None:
    """A successful fetch clears old errors and brings what was missed."""
    newsroom.lists("harbor")
    newsroom.answers("harbor", b"", status=503)
    newsroom.ingests()
    newsroom.publishes("harbor", article("Back"))

    newsroom.ingests(later=HOUR)

    (health,) = newsroom.store.sources.health()
    assert (health.error, health.failing_since) == ("", None)
    assert newsroom.titles("/all.atom") == ["Back"]


def test_a_corrected_title_updates_the_story_in_place(newsroom: Newsroom) -> None:
    """A new title under the same id keeps the story's id and position."""
    newsroom.lists("harbor")
    older = article("Older", published=NOW - 9 * HOUR)
    newsroom.publishes("harbor", article("Mayor wins", link="https://h.example/1"), older)
    newsroom.ingests()
    before = newsroom.ids()

    newsroom.publishes("harbor", article("Mayor loses", link="https://h.example/1"), older)
    report = newsroom.ingests(later=HOUR)

    assert report.total.updated == 1
    assert newsroom.ids() == before
    assert newsroom.titles("/all.atom") == ["Mayor loses", "Older"]


def test_removing_a_source_keeps_its_stories(newsroom: Newsroom) -> None:
    """Stories and credit stay when a source is removed from feeds.toml."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Still here"))
    newsroom.ingests()
    _, table, source = newsroom.written.partition("[[source]]")
    newsroom.change(table + source, "")

    assert newsroom.titles("/all.atom") == ["Still here"]
    assert newsroom.read("/all.rss").entries[0].source.title == "Harbor"
    assert newsroom.titles("/sources/harbor.rss") == ["Still here"]


def test_shortened_and_extended_copies_join_the_story(newsroom: Newsroom) -> None:
    """The story keeps its id and position and links to the copies."""
    text = prose(1, 200)
    for outlet in ("harbor", "commons", "plains"):
        newsroom.lists(outlet)
    newsroom.publishes("harbor", article("Cranes stand still", text=text))
    newsroom.ingests("harbor")
    (before,) = newsroom.read("/all.atom").entries
    cut, footer = " ".join(text.split()[:35]), "Originally published at Harbor."
    newsroom.publishes(
        "commons", article("Harbor strike", text=f"{text} {footer}", link="https://c.example/1")
    )
    newsroom.publishes(
        "plains", article("The cranes stand still | Plains", text=cut, link="https://p.example/1")
    )

    newsroom.ingests("commons", "plains", later=HOUR)

    (after,) = newsroom.read("/all.atom").entries
    assert (after.id, after.title, after.published) == (before.id, before.title, before.published)
    related = {link.href for link in after.links if link.rel == "related"}
    assert related == {"https://c.example/1", "https://p.example/1"}
    assert newsroom.titles("/sources/plains.rss") == ["Cranes stand still"]


def test_a_stub_that_grows_joins_its_copy(newsroom: Newsroom) -> None:
    """Two published stories become one without a repeat when a stub gets its full text."""
    text = prose(1, 200)
    newsroom.lists("harbor")
    newsroom.lists("commons")
    newsroom.publishes("harbor", article("Cranes stand still", text="More to come."))
    newsroom.publishes("commons", article("Strike", text=text, link="https://c.example/1"))
    newsroom.ingests("harbor")
    newsroom.ingests("commons", later=HOUR)
    seen = newsroom.ids()
    before = {s.id for s in newsroom.store.lists.latest(ALL, 5)}

    newsroom.publishes("harbor", article("Cranes stand still", text=text))
    newsroom.ingests("harbor", later=HOUR)

    (story,) = newsroom.store.lists.latest(ALL, 5)
    assert story.lead.source == "harbor"
    assert set(newsroom.ids()) <= set(seen)
    (merged,) = before - {story.id}
    answer = newsroom.get(f"/stories/{merged}")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"/stories/{story.id}")


def test_two_reports_of_one_event_link_to_each_other(newsroom: Newsroom) -> None:
    """Independent reports stay two stories."""
    newsroom.lists("harbor")
    newsroom.lists("plains")
    newsroom.publishes(
        "harbor", article("Surfer killed in shark attack", text="A shark killed a surfer.")
    )
    newsroom.publishes(
        "plains",
        article("Shark kills surfer at Santa Cruz", text="The surfer died of a shark attack.",
                link="https://p.example/1"),
    )  # fmt: skip
    newsroom.ingests()
    one, other = newsroom.store.lists.latest(ALL, 5)

    link = '/stories/{}">{}'
    assert link.format(other.id, other.lead.title) in newsroom.get(f"/stories/{one.id}").text
    assert link.format(one.id, one.lead.title) in newsroom.get(f"/stories/{other.id}").text
