"""What is asked of a list: joined topics, parameters, search; and topics that have gone."""

from datetime import timedelta

import pytest

from aggregator.demo.sample_feeds import Item
from tests.harness.builders import NOW, prose
from tests.harness.newsroom import Newsroom, article

HOUR = timedelta(hours=1)


@pytest.fixture
def docks(newsroom: Newsroom) -> Newsroom:
    """Two outlets, two topics, and stories at a distance of an hour."""
    newsroom.lists("harbor")
    newsroom.lists("plains", language='"es"')
    newsroom.has_topic("labor", "strike")
    newsroom.has_topic("courts", "verdict")
    for outlet, titles in (
        ("harbor", ("Strike ends", "Verdict falls", "Verdict on a strike")),
        ("plains", ("Huelga: strike",)),
    ):
        newsroom.publishes(
            outlet,
            *(
                article(
                    title, link=f"https://{outlet}.example/{number}",
                    published=NOW - (number + (1 if outlet == "harbor" else 1.5)) * HOUR,
                )
                for number, title in enumerate(titles)
            ),
            form="atom03" if outlet == "plains" else "rss20",
        )  # fmt: skip
    newsroom.ingests()
    return newsroom


BOTH = ["Strike ends", "Huelga: strike", "Verdict falls", "Verdict on a strike"]


def test_joined_topics(docks: Newsroom) -> None:
    """One feed of several topics, in whatever order they are named, with one address."""
    for path in ("/topics/labor+courts.atom", "/topics/courts+labor.atom"):
        assert sorted(docks.titles(path)) == sorted(BOTH)
    feed = docks.read("/topics/labor+courts.atom").feed
    assert feed.title == "Courts + Labor"
    assert feed.id == "https://commons.example/topics/courts+labor.atom"
    assert docks.get("/topics/labor+courts").status_code == 200
    assert docks.get("/topics/labor+nope.atom").status_code == 404


def test_a_joined_feed_changes_with_each_topic(docks: Newsroom) -> None:
    """News in one of them is news."""
    etag = docks.get("/topics/courts+labor.atom").headers["ETag"]
    docks.publishes("harbor", article("Another verdict"))
    docks.ingests(later=HOUR)

    assert "Another verdict" in docks.titles("/topics/courts+labor.atom")
    assert docks.get("/topics/courts+labor.atom", If_None_Match=etag).status_code == 200


ASKED = [
    ("/topics/labor.atom?limit=1", ["Strike ends"]),
    ("/topics/labor.json?limit=1", ["Strike ends"]),
    ("/all.atom?without=plains", ["Strike ends", "Verdict falls", "Verdict on a strike"]),
    ("/all.atom?without=plains,harbor", []),
    ("/all.atom?without=plains&without=harbor", []),
    ("/all.atom?lang=es", ["Huelga: strike"]),
    ("/all.atom?lang=ES&limit=9", ["Huelga: strike"]),
    ("/sources/harbor.rss?limit=2", ["Strike ends", "Verdict falls"]),
    ("/topics/courts+labor.atom?without=harbor", ["Huelga: strike"]),
    ("/search.atom?q=strike", ["Strike ends", "Huelga: strike", "Verdict on a strike"]),
    ("/search.json?q=strike&limit=1&without=plains", ["Strike ends"]),
    ("/search.rss?q=title:verdict+AND+NOT+strike", ["Verdict falls"]),
    ("/search.atom?q=nothing", []),
    ("/all.atom?limit=1&utm_source=x&constructor=y", ["Strike ends"]),
]


@pytest.mark.parametrize(("path", "titles"), ASKED, ids=[row[0] for row in ASKED])
def test_what_is_asked_for(docks: Newsroom, path: str, titles: list[str]) -> None:
    """It is what is answered, and the feed says by which address."""
    answer = docks.get(path)

    assert answer.status_code == 200
    if ".json" in path:
        assert [item["title"] for item in answer.get_json(force=True)["items"]] == titles
    else:
        assert sorted(docks.titles(path)) == sorted(titles)


def test_one_order_of_parameters(docks: Newsroom) -> None:
    """However it is asked, it is the same feed under the same address, and made once."""
    paths = [
        "/all.atom?limit=3&lang=en&without=plains",
        "/all.atom?without=plains&lang=en&limit=3",
        "/all.atom?without=plains&lang=EN&limit=3&utm=1",
    ]
    answers = [docks.get(path) for path in paths]

    assert len({answer.headers["ETag"] for answer in answers}) == 1
    own = "https://commons.example/all.atom?lang=en&limit=3&without=plains"
    assert {answer.headers["Content-Location"] for answer in answers} == {own}
    assert docks.read(paths[1]).feed.id == own


def test_joined_topics_have_no_date(docks: Newsroom) -> None:
    """One of them may have changed before the date of another: only the ETag tells."""
    answer = docks.get("/topics/courts+labor.atom")
    assert "Last-Modified" not in answer.headers
    ahead = "Wed, 01 Jan 2031 00:00:00 GMT"

    assert docks.get("/topics/courts+labor.atom", If_Modified_Since=ahead).status_code == 200
    assert docks.get("/topics/labor.atom", If_Modified_Since=ahead).status_code == 304


ODD = [
    ("/search.atom?q=a%01b%00", 200),
    ("/search.rss?q=%EF%BF%BF+a", 200),
    ("/search.json?q=%01", 400),
    ("/search?q=%00", 200),
    ("/all/?%ff=%fe", 301),
    ("/search.rss/?q=x", 301),
    ("/all.atom?lang=%00", 400),
    ("/all.atom?without=%0d%0aX:1", 400),
    ("/topics/%ff.atom", 404),
    ("/all.atom?" + "x" * 9000, 400),
]


@pytest.mark.parametrize(("path", "status"), ODD, ids=[row[0][:30] for row in ODD])
def test_odd_letters_in_an_address(docks: Newsroom, path: str, status: int) -> None:
    """Whatever is asked is answered, and what is answered is well-formed."""
    answer = docks.get(path)

    assert answer.status_code == status
    if status == 200 and ".atom" in path:
        docks.read(path)


DATES = [
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Mon, 01 Jan 2024 00:00:00 +99999999999999999",
    "yesterday",
    "Mon, 01 Jan 0001 00:00:00 GMT",
    "x" * 50_000,
]


@pytest.mark.parametrize("date", DATES, ids=[date[:30] for date in DATES])
def test_dates_that_are_none(docks: Newsroom, date: str) -> None:
    """They are passed over, on a shelf and off it (RFC 9110, 13.1.3)."""
    for path in ("/all.atom", "/all.atom", "/topics/labor.rss"):
        answer = docks.get(path, If_Modified_Since=date)
        assert answer.status_code == (304 if date.startswith("Fri") else 200)


WRONG = [
    ("/all.atom?limit=0", "limit must be a number of stories, 1 to 200."),
    ("/all.atom?limit=201", "limit must be"),
    ("/all.atom?limit=-1", "limit must be"),
    ("/all.atom?limit=%C2%B2", "limit must be"),
    ("/all?limit=ten", "limit must be"),
    ("/all.atom?limit=" + "9" * 5000, "limit must be"),
    ("/all.atom?lang=english%20please", "lang must be the tag of a language"),
    ("/all.atom?without=nobody", "there is no 'nobody', and /sources lists them."),
    ("/search.atom?q=%22open", "The query (q) cannot be read"),
    ("/search.atom", "q must say what to look for"),
    ("/search?q=a:b:c", "The query (q) cannot be read"),
    ("/search.atom?q=" + "x" * 1001, "q must have at most 1,000 characters."),
    ("/embed/labor?theme=pink", "theme must be light, dark or auto."),
    ("/embed/labor.js?limit=21", "limit must be a number of stories, 1 to 20."),
    ("/all.atom?" + "&".join(f"a{n}=1" for n in range(99)), "too many parameters"),
]


@pytest.mark.parametrize(("path", "sentence"), WRONG, ids=[row[0][:40] for row in WRONG])
def test_what_cannot_be_meant(docks: Newsroom, path: str, sentence: str) -> None:
    """400 with a sentence that says what can be."""
    answer = docks.get(path)

    assert answer.status_code == 400
    assert sentence in answer.text


def test_a_search_that_cannot_be_read(docks: Newsroom) -> None:
    """A person sees the form again, with what was typed and what is wrong with it."""
    answer = docks.get("/search?q=%22open+%3Cb%3E")

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "The query (q) cannot be read" in answer.text
    assert 'value="&#34;open &lt;b&gt;"' in answer.text


def test_a_topic_by_its_former_name(docks: Newsroom) -> None:
    """Every address of it leads to the new one, and its stories are there; who reads it goes on
    under the same feed id, so that nothing is told twice."""
    before = docks.read("/topics/labor.atom")
    docks.change('id = "labor"', 'id = "work"\nwas = ["labor"]')
    docks.store.rename_topics(docks.config.topics, docks.now)

    for end in ("", ".atom", ".rss", ".json", ".atom?limit=1"):
        answer = docks.get(f"/topics/labor{end}")
        assert (answer.status_code, answer.headers["Location"]) == (301, f"/topics/work{end}")
    joined = docks.get("/topics/courts+labor.atom")
    assert joined.headers["Location"] == "/topics/courts+work.atom"
    assert docks.get("/embed/labor.js").headers["Location"] == "/embed/work.js"
    after = docks.read("/topics/work.atom")
    assert after.feed.id == before.feed.id
    assert [item.id for item in after.entries] == [item.id for item in before.entries]


def test_a_topic_of_the_past(docks: Newsroom) -> None:
    """It is gone, which tells readers to stop asking."""
    docks.change('[[topic]]\nid = "courts"\ntitle = "Courts"\nmatch = \'verdict\'\n', "")

    for path in ("/topics/courts", "/topics/courts.rss", "/embed/courts.js"):
        answer = docks.get(path)
        assert answer.status_code == 410
        assert "This topic has ended" in answer.text


def test_an_unknown_topic(docks: Newsroom) -> None:
    """The page says which topic may have been meant."""
    answer = docks.get("/topics/labour.atom")

    assert answer.status_code == 404
    assert '<a href="/topics/labor">Labor</a>' in answer.text


def test_a_story_that_was_taken_down(docks: Newsroom) -> None:
    """It stands nowhere any more, its page says so, and the Atom feeds tell readers that have it
    (RFC 6721)."""
    told = docks.store.latest("topic:labor", 1)[0]
    docks.store.hide(told.id, "the outlet asks", docks.now)

    for path in ("/all", "/topics/labor", "/sources/harbor", "/search"):
        for end in ("", ".rss", ".atom", ".json"):
            page = docks.get(f"{path}{end}?q=strike")
            assert told.lead.title not in page.text
            assert told.id not in page.text
    answer = docks.get(f"/stories/{told.id}")
    assert answer.status_code == 410
    assert "taken down" in answer.text
    assert "the outlet asks" not in answer.text
    gone = f'<at:deleted-entry ref="{told.public_id}" when="2026-10-05T12:00:00+00:00"/>'
    assert gone in docks.get("/topics/labor.atom").text
    assert gone not in docks.get("/topics/courts.atom").text


TEXT = "The dock workers went back to work after nine weeks, their union says. " * 3
LATER = NOW + timedelta(hours=1)
AGAIN = {
    "another id": article("Cranes", TEXT, id_="https://harbor.example/?p=99"),
    "another id and date": article("Cranes", TEXT, id_="new", published=LATER),
    "another title": article("The cranes stand", TEXT, link="https://outlet.example/cranes"),
    "another address": article("Cranes", TEXT + " New.", link="https://outlet.example/moved"),
    "all but the words": article(
        "Cranes", TEXT, link="https://outlet.example/elsewhere", id_="new", published=LATER
    ),
}


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
def test_it_stays_down(docks: Newsroom, again: Item) -> None:
    """Listed again by its outlet in whatever way, and after that by another outlet; other stories
    of both go on."""
    docks.publishes("harbor", article("Cranes", TEXT))
    docks.ingests(later=2 * HOUR)
    told = next(s for s in docks.store.latest("all", 9) if s.lead.title == "Cranes")
    docks.store.hide(told.id, "asked", docks.now)
    before = docks.titles("/all.atom")

    docks.publishes("harbor", again)
    docks.ingests(later=HOUR)
    assert docks.titles("/all.atom") == before
    docks.publishes("harbor", article("News", "Of something else, which nobody has told yet."))
    docks.publishes("plains", article("Cranes again", TEXT, link="https://plains.example/copy"))
    docks.ingests(later=HOUR)

    assert sorted(docks.titles("/all.atom")) == sorted([*before, "News"])
    assert all(told.id in one.reason or one.id == told.id for one in docks.store.hidden())


def test_what_only_looks_like_it(docks: Newsroom) -> None:
    """Episodes at one address, and columns with much standing text, are not taken down with one of
    them; nor does what is down by its likeness take others with it."""
    standing = "Write to us, and tell your friends about this column of ours, week after week. " * 9
    for week in range(1, 5):
        docks.publishes(
            "harbor",
            article(f"Episode {week}", f"Of {week} things {week}.", link="https://h.example/cast",
                    id_=f"e{week}", published=docks.now),
            article(f"Column {week}", f"{prose(week, 90)} {standing}", id_=f"c{week}",
                    published=docks.now),
        )  # fmt: skip
        docks.ingests(later=timedelta(days=7))
        if week == 1:
            for title in ("Episode 1", "Column 1"):
                docks.store.hide(_id_of(docks, title), "asked", docks.now)

    assert len(docks.store.hidden()) == 2
    assert {f"{kind} {n}" for kind in ("Episode", "Column") for n in (2, 3, 4)} <= {
        story.lead.title for story in docks.store.latest("all", 99)
    }


def test_a_copy_of_what_is_down_leaves_no_trace(docks: Newsroom) -> None:
    """It was never told, so nobody is told that it is gone; it comes back with the other."""
    docks.publishes("harbor", article("Cranes", TEXT))
    docks.ingests(later=2 * HOUR)
    docks.store.hide(_id_of(docks, "Cranes"), "asked", docks.now)
    before = docks.get("/all.atom").data
    secret = article("Cranes", TEXT, link="https://outlet.example/secret", id_="s", published=LATER)
    docks.publishes("harbor", secret)
    docks.ingests(later=HOUR)

    assert len(docks.store.hidden()) == 2
    assert docks.get("/all.atom").data == before
    docks._reader = None  # as after a restart
    assert docks.get("/all.atom").data == before
    docks.store.unhide(docks.store.hidden()[-1].id, docks.now)
    assert docks.store.hidden() == []
    assert docks.titles("/all.atom").count("Cranes") == 2


def _id_of(docks: Newsroom, title: str) -> str:
    return next(s.id for s in docks.store.latest("all", 99) if s.lead.title == title)


# ---- archives ------------------------------------------------------------------------------


def test_paging_back_through_everything(newsroom: Newsroom) -> None:
    """From the feed of the newest to its archives (RFC 5005, 4): every story is there, in every
    format, and what is full stays as it is."""
    newsroom.lists("harbor")
    newsroom.publishes_at_most(10)
    titles = [f"Story {number}" for number in range(27)]
    for number, title in enumerate(titles):
        newsroom.publishes("harbor", article(title, published=newsroom.now))
        newsroom.ingests(later=HOUR)
        newsroom.store.archive(10, newsroom.now)
        if number == 12:
            full = newsroom.get("/all/archive/1.atom")

    for end in ("atom", "rss"):
        found, path, seen = [], f"/all.{end}", 0
        while path:
            parsed = newsroom.read(path)
            found += [item.title for item in parsed.entries]
            links = {link.rel: link.href for link in parsed.feed.links}
            assert (links.get("current") is not None) == ("archive" in path)
            path = links.get("prev-archive", "").removeprefix("https://commons.example")
            seen += 1
        assert seen == 3
        assert set(found) == set(titles)
    document = newsroom.get("/all.json").get_json(force=True)
    assert document["next_url"] == "https://commons.example/all/archive/2.json"
    again = newsroom.get("/all/archive/1.atom")
    assert (again.data, again.headers["ETag"]) == (full.data, full.headers["ETag"])
    assert again.headers["Last-Modified"] == full.headers["Last-Modified"]
    assert b"<fh:archive/>" in again.data
    following = newsroom.get("/all/archive/3.atom")
    assert (following.status_code, following.headers["Location"]) == (302, "/all.atom")
    assert newsroom.get("/all/archive/4.atom").status_code == 404
    assert newsroom.get("/sources/harbor/archive/1.atom").status_code == 200
    page = newsroom.get("/all").text
    assert 'href="/all/archive/2" rel="prev">Older stories' in page
    assert 'href="/all/archive/1" rel="prev"' in newsroom.get("/all/archive/2").text


# ---- browsers ------------------------------------------------------------------------------


def test_a_browser_opens_a_feed(docks: Newsroom) -> None:
    """A person who clicks a feed's address gets a page that explains it, and nobody else does: no
    reader, no fetching script, no cache."""
    for end in ("atom", "rss", "json"):
        path = f"/topics/labor.{end}"
        feed = docks.get(path)
        page = docks.get(path, Sec_Fetch_Dest="document")
        again = docks.get(path, Sec_Fetch_Dest="document")  # as it was kept

        for answer in (page, again):
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
            assert answer.headers["Cache-Control"] == "private, no-store"
            assert "This address is a feed" in answer.text
            assert f'value="https://commons.example{path}"' in answer.text
            assert "Strike ends" in answer.text
        for dest in ("empty", "script", ""):
            assert docks.get(path, Sec_Fetch_Dest=dest).data == feed.data
        assert feed.headers["Vary"] == "Accept-Encoding, Sec-Fetch-Dest"


def test_a_browser_opens_a_feed_by_its_former_name(docks: Newsroom) -> None:
    """It is led to the feed, not to the page: a cache may hand that on to readers."""
    docks.change('id = "labor"', 'id = "work"\nwas = ["labor"]')
    docks.store.rename_topics(docks.config.topics, docks.now)
    answer = docks.get("/topics/labor.rss", Sec_Fetch_Dest="document")

    assert (answer.status_code, answer.headers["Location"]) == (301, "/topics/work.rss")
    assert answer.headers["Vary"] == "Sec-Fetch-Dest"


def test_a_page_of_another_site_asks_if_a_feed_has_changed(docks: Newsroom) -> None:
    """The browser asks first whether it may (CORS)."""
    answer = docks.reader.options("/all.json")

    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "If-None-Match" in answer.headers["Access-Control-Allow-Headers"]


# ---- cheap to poll -------------------------------------------------------------------------


def test_a_quiet_topic_costs_one_look(docks: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever polls what has not changed makes nobody read stories or render a feed."""
    etag = docks.get("/topics/labor.atom?limit=2").headers["ETag"]
    looks: list[tuple[str, ...]] = []
    revision = docks.store.revision

    def looked(_: object, *scopes: str) -> object:
        looks.append(scopes)
        return revision(*scopes)

    monkeypatch.setattr(type(docks.store), "revision", looked)
    monkeypatch.setattr(type(docks.store), "latest", None)

    answer = docks.get("/topics/labor.atom?limit=2", If_None_Match=etag)

    assert answer.status_code == 304
    assert looks == [("topic:labor",)]
