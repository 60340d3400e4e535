"""What is in a digest, for whom: every story that is new to a subscriber, once."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, product
from zoneinfo import ZoneInfo

import pytest

from aggregator.digest.compose import MAX_HTML_BYTES, Composed
from aggregator.model import (
    DigestIssue,
    DigestPreferences,
    PictureResult,
    ThumbnailFiles,
    picture_key,
)
from tests.harness.builders import entry, prose, story
from tests.harness.digest import DIGEST_TOML, MORNING, DigestRoom
from tests.harness.saving import change_of, save

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MINUTE = timedelta(minutes=1)


def test_each_issue_has_what_is_new_since_the_last(digest_room: DigestRoom) -> None:
    """The first looks back a day; each later one begins where the one before ended."""
    digest_room.publishes("Too old", at=MORNING - DAY - HOUR)
    digest_room.publishes("Yesterday", at=MORNING - 20 * HOUR)
    digest_room.subscribes("ana", MORNING - HOUR)
    assert digest_room.gets(MORNING - MINUTE) == {}
    assert digest_room.gets(MORNING) == {"ana": ["Yesterday"]}
    digest_room.publishes("Today", at=MORNING + HOUR)
    assert digest_room.gets(MORNING + 2 * HOUR) == {}
    assert digest_room.gets(MORNING + DAY) == {"ana": ["Today"]}


def test_an_empty_day_has_no_mail(digest_room: DigestRoom) -> None:
    """The next one begins where the empty day ended."""
    digest_room.subscribes("ana", MORNING - HOUR)
    assert digest_room.composes(MORNING) == Composed(empty=1)
    assert digest_room.takes_mails(MORNING) == {}
    digest_room.publishes("Late", at=MORNING + HOUR)
    assert digest_room.gets(MORNING + DAY) == {"ana": ["Late"]}


def test_a_story_that_was_saved_late_is_not_lost(digest_room: DigestRoom) -> None:
    """A run lists its stories with the time at which it began; the issue may be composed before
    they are saved. The next one has them, and none twice."""
    digest_room.subscribes("ana", MORNING - HOUR)
    digest_room.publishes("In time", at=MORNING - 10 * MINUTE)
    assert digest_room.gets(MORNING) == {"ana": ["In time"]}
    digest_room.publishes("Saved late", at=MORNING - 5 * MINUTE)
    digest_room.publishes("Later", at=MORNING + HOUR)
    assert digest_room.gets(MORNING + DAY) == {"ana": ["Later", "Saved late"]}
    assert digest_room.gets(MORNING + 2 * DAY) == {}


def test_nothing_comes_twice_when_the_hour_changes(digest_room: DigestRoom) -> None:
    """Two issues within a few hours, and then another: the look back ends at the last issue."""
    for hour in range(24):
        digest_room.publishes(f"Story {hour}", at=MORNING - hour * HOUR)
    digest_room.subscribes("ana", MORNING - 12 * HOUR)
    seen = digest_room.gets(MORNING)["ana"]
    for hours in (2, 4, 5):
        digest_room.publishes(f"After {hours}", at=MORNING + hours * HOUR - MINUTE)
        chosen = DigestPreferences(hour=7 + hours)
        digest_room.store.digest_subscribers.set_preferences("ana", chosen, MORNING + hours * HOUR)
        seen += digest_room.gets(MORNING + hours * HOUR)["ana"]
    assert len(seen) == len(set(seen)) == 27


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (5.9, {"ana": ["Yesterday"]}),
        (6, {}),
        (24 + 5.9, {"ana": ["Yesterday"]}),  # that of today, with all since the last
        (24 + 6, {}),
    ],
)
def test_a_digest_that_is_late(
    digest_room: DigestRoom, hours: float, expected: dict[str, list[str]]
) -> None:
    """Less than six hours: it is sent. Else its stories are in the next one."""
    digest_room.publishes("Yesterday", at=MORNING - HOUR)
    digest_room.subscribes("ana", MORNING - HOUR)
    now = MORNING + hours * HOUR
    assert digest_room.gets(now) == expected
    assert digest_room.gets(now) == {}
    digest_room.publishes("Next", at=now + MINUTE)
    rest = ["Next"] if expected else ["Next", "Yesterday"]
    assert digest_room.gets(MORNING + 2 * DAY) == {"ana": rest}


def test_late_mails_say_only_what_was_listed_in_time(digest_room: DigestRoom) -> None:
    """So everybody of one hour gets the same, whenever it is composed."""
    digest_room.publishes("Before", at=MORNING - HOUR)
    digest_room.publishes("After", at=MORNING + HOUR)
    digest_room.subscribes("ana", MORNING - HOUR)
    assert digest_room.gets(MORNING + 2 * HOUR) == {"ana": ["Before"]}
    assert digest_room.gets(MORNING + DAY) == {"ana": ["After"]}


def test_topics_are_chosen(digest_room: DigestRoom) -> None:
    """All of them, some, one by its former id; a story in two is there once."""
    digest_room.publishes("Strike", "labor", at=MORNING - HOUR)
    digest_room.publishes("Dockers strike", "labor", "ports", at=MORNING - 2 * HOUR)
    digest_room.publishes("Weather", at=MORNING - 3 * HOUR)
    at = MORNING - 4 * HOUR
    digest_room.subscribes("all", at)
    digest_room.subscribes("labor", at, topics=("labor",))
    digest_room.subscribes("both", at, topics=("harbours", "labor"))
    digest_room.subscribes("courts", at, topics=("courts",))
    assert digest_room.gets(MORNING) == {
        "all": ["Strike", "Dockers strike", "Weather"],
        "labor": ["Strike", "Dockers strike"],
        "both": ["Strike", "Dockers strike"],
    }


def test_who_gets_the_same_shares_an_issue(digest_room: DigestRoom) -> None:
    """It is composed once; another language, hour or choice is another issue."""
    digest_room.publishes("Strike", "labor", at=MORNING - HOUR)
    for number in range(3):
        digest_room.subscribes(f"same{number}", MORNING - 3 * HOUR, topics=("labor",))
    digest_room.subscribes("german", MORNING - 3 * HOUR, topics=("labor",), language="de")
    digest_room.subscribes("all", MORNING - 3 * HOUR)
    digest_room.subscribes("berlin", MORNING - 3 * HOUR, hour=9, timezone="Europe/Berlin")
    composed = digest_room.composes(MORNING)
    assert (composed.issues, composed.mails) == (3, 6)
    assert len(digest_room.store.digest.latest(9)) == 3


def test_a_topic_is_removed(digest_room: DigestRoom) -> None:
    """Its subscribers get the others that they chose; one who has none left is told once, and
    gets a digest again when there is one."""
    digest_room.subscribes("ana", MORNING - HOUR, topics=("courts",))
    digest_room.subscribes("bo", MORNING - HOUR, topics=("courts", "labor"))
    digest_room.publishes("Verdict", "labor", at=MORNING - 2 * HOUR)
    courts = DIGEST_TOML[DIGEST_TOML.index('[[topic]]\nid = "courts"') :]
    digest_room.configure(DIGEST_TOML.replace(courts, ""))
    digest_room.composes(MORNING)
    assert [kind for kind, _ in digest_room.takes_mails(MORNING)["ana"]] == ["no_topics"]
    for day in (1, 2):
        digest_room.publishes(f"Strike {day}", "labor", at=MORNING + day * DAY - HOUR)
        assert digest_room.gets(MORNING + day * DAY) == {"bo": [f"Strike {day}"]}

    digest_room.configure(DIGEST_TOML)
    digest_room.publishes("Appeal", "courts", at=MORNING + 3 * DAY - HOUR)
    assert digest_room.gets(MORNING + 3 * DAY)["ana"] == ["Appeal"]


def test_a_weekly_digest_has_a_week(digest_room: DigestRoom) -> None:
    """On its day, with all since the last one."""
    weekday = MORNING.weekday()
    week = timedelta(days=7)
    digest_room.publishes("Six days ago", at=MORNING - 6 * DAY)
    digest_room.subscribes("ana", MORNING - HOUR, period=week, frequency="weekly", weekday=weekday)
    assert digest_room.gets(MORNING) == {"ana": ["Six days ago"]}
    for day in range(1, 8):
        digest_room.publishes(f"Day {day}", at=MORNING + day * DAY - HOUR)
        if day < 7:
            assert digest_room.gets(MORNING + day * DAY) == {}
    assert len(digest_room.gets(MORNING + week)["ana"]) == 7


def test_a_held_or_removed_story_is_not_there(digest_room: DigestRoom) -> None:
    """Only what readers see."""
    gone = digest_room.publishes("Gone", at=MORNING - HOUR)
    digest_room.publishes("Here", at=MORNING - HOUR)
    digest_room.store.stories.take_down(gone.id, "the outlet asks", MORNING)
    digest_room.subscribes("ana", MORNING - HOUR)
    assert digest_room.gets(MORNING) == {"ana": ["Here"]}


# ---- the mail


def test_a_mail_says_everything(digest_room: DigestRoom) -> None:
    """Lead and its subject, topics in order, credit, who else has it, the notice, why, how to
    leave."""
    leads = [
        entry("Dockers win", id_, published=MORNING - 2 * HOUR) for id_ in ("harbor", "plains")
    ]
    copies = story(replace(leads[0], summary="After two recounts."), leads[1])
    change = change_of(copies.lead, "labor", listed_at=MORNING - 2 * HOUR)
    save(digest_room.store, replace(change, story=copies), now=MORNING)
    digest_room.publishes("Strike & strife", "labor", at=MORNING - HOUR, author="Ida Berg")
    digest_room.publishes("Ferry", "ports", at=MORNING - HOUR)
    digest_room.publishes("Weather", at=MORNING - HOUR)
    digest_room.subscribes("ana", MORNING - HOUR)
    digest_room.composes(MORNING)
    ((_, issue),) = digest_room.takes_mails(MORNING)["ana"]
    assert issue
    assert issue.subject == "Dockers win, and 3 more"
    text = " ".join(issue.text.split())
    for part in (
        "Dockers win harbor After two recounts. https://harbor.example/", "Also at plains",
        "Labor ===== Strike & strife harbor · Ida Berg", "Ports and Ships =============== Ferry",
        "Other stories ============= Weather", "belong to the outlets credited",
        "because you signed up for it at commons.example",
        "Unsubscribe:", "12 Harbour Street",
    ):  # fmt: skip
        assert part in text
    assert "Strike &amp; strife" in issue.html
    assert "<img" not in issue.html
    assert 'style="' in issue.html
    for placeholder in (
        digest_room.composer.signer.placeholders.preferences,
        digest_room.composer.signer.placeholders.unsubscribe,
    ):
        assert issue.html.count(placeholder) == issue.text.count(placeholder) == 1


def test_an_outlet_cannot_break_the_mail(digest_room: DigestRoom) -> None:
    """Markup is shown as text, and what looks like a placeholder or a header stays a word."""
    digest_room.publishes(
        "<script>alert(1)</script>\r\nBcc: all@x.example",
        at=MORNING - HOUR,
        url="https://harbor.example/strike",
        summary='"><img src=x onerror=alert(1)> {{ links.unsubscribe }}',
    )
    digest_room.subscribes("ana", MORNING - HOUR)
    digest_room.composes(MORNING)
    ((_, issue),) = digest_room.takes_mails(MORNING)["ana"]
    assert issue
    assert "<script" not in issue.html
    assert "<img" not in issue.html
    assert "{{ links.unsubscribe }}" in issue.text
    assert issue.text.count(digest_room.composer.signer.placeholders.unsubscribe) == 1


def test_a_large_digest_is_cut_and_says_so(digest_room: DigestRoom) -> None:
    """At most `limit` stories, and less than a mail program shows; each topic keeps some."""
    for number in range(400):
        digest_room.publishes(
            f"Story {number} {prose(number, 12)}",
            "labor" if number % 20 else "ports",
            at=MORNING - HOUR,
            summary=prose(number, 60)[:420],
        )
    digest_room.configure(DIGEST_TOML.replace("[digest]", "[digest]\nlimit = 200"))
    digest_room.subscribes("ana", MORNING - HOUR)
    digest_room.composes(MORNING)
    ((_, issue),) = digest_room.takes_mails(MORNING)["ana"]
    assert issue
    assert 80_000 < len(issue.html.encode()) <= MAX_HTML_BYTES
    assert "400 stories" in issue.text
    assert "Ports and Ships" in issue.text
    assert "more stories on the site" in issue.text
    assert len(issue.stories) == 400  # none of them comes again
    assert digest_room.gets(MORNING + DAY) == {}


def test_the_language_of_the_subscriber(digest_room: DigestRoom) -> None:
    """Words, dates and direction; headlines stay as they are."""
    digest_room.publishes("Strike", "labor", at=MORNING - HOUR, language="en")
    digest_room.subscribes("ana", MORNING - HOUR, language="ar", timezone="Asia/Beirut", hour=10)
    digest_room.subscribes("bo", MORNING - HOUR, language="de", timezone="Europe/Berlin", hour=9)
    digest_room.composes(MORNING)
    mails = digest_room.takes_mails(MORNING)
    ((_, arabic),), ((_, german),) = mails["ana"], mails["bo"]
    assert arabic
    assert german
    assert '<html lang="ar" dir="rtl">' in arabic.html
    assert 'dir="ltr"' in arabic.html
    assert '<html lang="de" dir="ltr">' in german.html


@pytest.mark.parametrize("is_configured", [False, True])
def test_pictures_only_if_configured(digest_room: DigestRoom, is_configured: bool) -> None:
    """Our thumbnails, from the site; never an address of somebody else."""
    url = "https://harbor.example/a.jpg"
    thumbnails = 'images = "own"\n'
    found = digest_room.publishes("Dockers win", at=MORNING - HOUR, image=url)
    digest_room.store.pictures.add({found.lead.entry_id: [url]}, MORNING)
    files = ThumbnailFiles(small=b"s", large=b"l", width=960, height=640)
    digest_room.store.pictures.save([PictureResult(url=url, files=files)], MORNING)
    keys = "[digest]\npictures = true" if is_configured else "[digest]"
    text = DIGEST_TOML.replace("[digest]", keys)
    digest_room.configure(f"[defaults]\n{thumbnails}{text}")
    digest_room.subscribes("ana", MORNING - HOUR)
    digest_room.composes(MORNING)
    ((_, issue),) = digest_room.takes_mails(MORNING)["ana"]
    assert issue
    shown = re.findall(r'<img src="([^"]+)"', issue.html)
    wanted = [f"https://commons.example/pictures/{picture_key(url)}.webp"]
    assert shown == (wanted if is_configured else [])


def test_a_theme_replaces_the_templates(digest_room: DigestRoom) -> None:
    """Of both parts, and of the other mails; a broken one costs nothing but itself."""
    theme = digest_room.folder / "theme"
    theme.mkdir()
    (theme / "digest_mail.txt").write_text("Our own words: {{ content.lead.story.title }}\n")
    (theme / "digest_mail.html").write_text("{{ nobody.name }}")
    (theme / "digest_confirm.txt").write_text("{# ours #}\nWelcome to us\n\n{{ confirm }}\n")
    digest_room.configure(DIGEST_TOML)
    digest_room.publishes("Dockers win", at=MORNING - HOUR)
    digest_room.subscribes("ana", MORNING - HOUR)
    digest_room.composes(MORNING)
    ((_, issue),) = digest_room.takes_mails(MORNING)["ana"]
    assert issue
    assert issue.text.strip() == "Our own words: Dockers win"
    assert "Dockers win</a></h2>" in issue.html
    subject, text = digest_room.composer.renderer("en").message(
        "digest_confirm.txt", confirm="https://x.example/"
    )
    assert (subject, text.strip()) == ("Welcome to us", "https://x.example/")


# ---- the archive


def test_every_day_is_archived_once(digest_room: DigestRoom) -> None:
    """At the hour of the site, with each story once, also if nobody has subscribed."""
    digest_room.publishes("Strike", "labor", at=MORNING - HOUR)
    assert digest_room.composer.archive_due(MORNING + MINUTE)
    assert not digest_room.composer.archive_due(MORNING + HOUR)
    digest_room.publishes("Late", at=MORNING - MINUTE)
    digest_room.publishes("Next", at=MORNING + HOUR)
    assert digest_room.composer.archive_due(MORNING + DAY)
    assert not digest_room.composer.archive_due(MORNING + 2 * DAY)  # an empty day
    issues = digest_room.store.digest.archived(9)
    assert [len(issue.stories) for issue in issues] == [2, 1]
    assert issues[0].day == (MORNING + DAY).date()
    assert digest_room.store.digest.count_mails() == {}


def test_a_day_without_stories_is_looked_at_again(digest_room: DigestRoom) -> None:
    """A program that has just been started has not fetched them yet."""
    assert not digest_room.composer.archive_due(MORNING + MINUTE)
    digest_room.publishes("Strike", at=MORNING - HOUR)
    assert digest_room.composer.archive_due(MORNING + 2 * MINUTE)


# ---- a year


ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Sydney",
    "America/Santiago",
)


@pytest.mark.slow
def test_a_year_in_five_time_zones(digest_room: DigestRoom) -> None:
    """Across two changes of the clock: every subscriber gets a mail on every day, or in every week,
    at the chosen hour, with every story once."""
    start, end = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2027, 1, 1, 12, tzinfo=UTC)
    subscribers = [
        digest_room.subscribes(
            f"reader{number}", start, timezone=zone, hour=hour, frequency=frequency, weekday=6
        )
        for number, (zone, hour, frequency) in enumerate(
            product(ZONES, (0, 2, 3, 7), ("daily", "weekly"))
        )
    ]
    got: dict[str, list[DigestIssue]] = {subscriber.id: [] for subscriber in subscribers}
    now, total = start, 1
    digest_room.publishes("The first", at=start - HOUR)
    while now < end:
        now += HOUR
        if now.hour % 8 == 4:
            digest_room.publishes(f"Story {now}", at=now - 35 * MINUTE)
            total += 1
        digest_room.composes(now)
        for name, mails in digest_room.takes_mails(now).items():
            got[name] += [issue for _, issue in mails if issue]
        if now.hour == now.day == 1:
            digest_room.store.digest.purge(now - DAY)

    for subscriber in subscribers:
        chosen, issues = subscriber.preferences, got[subscriber.id]
        zone = ZoneInfo(chosen.timezone)
        times = [issue.until.astimezone(zone) for issue in issues]
        step = DAY if chosen.frequency == "daily" else 7 * DAY
        days = [time.date() for time in times]
        assert [b - a for a, b in pairwise(days)] == [step] * (len(days) - 1), subscriber
        assert date(2026, 1, 1) <= days[0] <= date(2026, 1, 2 if step == DAY else 4)
        assert date(2027, 1, 1) - step <= days[-1] <= date(2027, 1, 2)
        assert sum(time.hour != chosen.hour for time in times) <= 1, subscriber
        stories = [id_ for issue in issues for id_ in issue.stories]
        assert len(stories) == len(set(stories))
        assert total - len(stories) <= 3 * step.days, subscriber  # since the last issue
    assert {len(got[s.id]) for s in subscribers if s.preferences.frequency == "weekly"} == {52}
    daily = {len(got[s.id]) for s in subscribers if s.preferences.frequency == "daily"}
    assert daily == {365}
