"""An operator at the desk, in a real browser, with the real program: the first day."""

import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from aggregator.demo.press import CannedResponse, Press, open_press
from tests.browser.judges import AXE, CHROMIUM, require
from tests.harness.builders import prose
from tests.harness.command_line import (
    HEAD,
    argv,
    feed_response,
    free_port,
    run,
    source_table,
    wait_for_url,
    wait_until,
)
from tests.harness.newsroom import article

pytestmark = pytest.mark.slow
PASSWORD = "correct horse battery"
EVERY_SECOND = '[defaults]\nmin_interval = "1s"\nmax_interval = "1s"\n'
ATTACK = '<img src=x onerror="document.title=1"><script>document.title=2</script>'


@dataclass
class Program:
    """A running program, its feeds.toml, and the press that its outlets are on."""

    config: Path
    url: str
    press: Press


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """`run` on an empty newsroom with one topic and one outlet, which is hostile."""
    require(CHROMIUM)
    config = tmp_path_factory.mktemp("desk") / "feeds.toml"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with open_press() as press:
        press.put("/evil", feed_response(f"evil {ATTACK}", article(f"Evil {ATTACK}", ATTACK)))
        table = source_table("evil", f"{press.url}/evil").replace(
            'name = "evil"', f"name = '{ATTACK}'"
        )
        down = table.replace('id = "evil"', 'id = "down"').replace("/evil", "/gone")
        alerts = '[alerts]\nfailing_after = "0s"\n'
        config.write_text(f"# by hand\n{HEAD}{EVERY_SECOND}{alerts}{table}{down}")
        with subprocess.Popen(
            argv(config, "run", "--port", str(port)),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:  # fmt: skip
            try:
                wait_for_url(f"{url}/healthz")
                yield Program(config, url, press)
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=20)


@pytest.fixture(scope="module")
def context(browser: Browser, program: Program) -> Iterator[BrowserContext]:
    """A browser in which the first operator has come in and made an account."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    port = program.url.rpartition(":")[2]
    link = run(program.config, "operator", "link").stdout.strip()
    page.goto(re.sub(r":\d+/desk", f":{port}/desk", link))
    page.get_by_role("link", name="Operators").click()
    assert "There is no operator yet" in page.locator("main").inner_text()
    page.get_by_label("Name", exact=True).fill("ana")
    page.get_by_label("Password", exact=True).fill("short")
    page.get_by_role("button", name="Add", exact=True).click()
    assert "at least 10 characters" in page.locator(".problem").inner_text()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Add", exact=True).click()
    assert "You are now logged in as ana." in page.get_by_role("status").inner_text()
    page.get_by_role("button", name="Log out", exact=True).click()
    page.get_by_label("Name", exact=True).fill("ana")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(f"{program.url}/desk/")
    page.close()
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page of the logged-in operator; a script that runs, or one that is refused, fails."""
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    yield page
    page.close()
    assert [each for each in problems if "status of 4" not in each] == []


def test_a_first_day(program: Program, page: Page) -> None:
    """A source is added by its home page, a rule is mistyped, tested and saved, and the story
    arrives on the topic page."""
    strike = article("A strike in the harbor", prose(1))
    head = (
        b'<!doctype html><html><head><link rel="alternate" type="application/rss+xml" href="/hf">'
    )
    html = {"Content-Type": "text/html"}
    program.press.put("/home", CannedResponse(body=head, headers=html))
    program.press.put("/hf", feed_response("harbor", strike))
    page.goto(f"{program.url}/desk/sources")
    page.get_by_role("link", name="Add a source").click()
    page.get_by_label("Address of the site").fill(f"{program.press.url}/home")
    page.get_by_role("button", name="Find the feed", exact=True).click()
    assert "A strike in the harbor" in page.locator("main").inner_text()
    page.get_by_role("button", name="Add", exact=True).click()
    assert "Harbor was added" in page.get_by_role("status").inner_text()
    wait_until(
        lambda: "A strike in the harbor" in wait_for_url(f"{program.url}/topics/labor").decode()
    )

    page.goto(f"{program.url}/desk/topics/labor")
    rule = page.get_by_label("Rule", exact=True)
    rule.fill('strike AND "')
    page.locator("#test .problem").wait_for()  # while typing, by htmx
    rule.fill("harbor")
    page.get_by_text("kept,").wait_for()
    rule.fill("rain")
    page.get_by_text("1 removed").wait_for()
    page.get_by_role("button", name="Save", exact=True).click()
    assert "Saved, and in force for new stories." in page.get_by_role("status").inner_text()
    assert 'match = "rain"' in program.config.read_text()
    assert program.config.read_text().startswith("# by hand\n")

    program.press.put("/hf", feed_response("harbor", strike, article("Rain on the quay", prose(9))))
    wait_until(lambda: "Rain on the quay" in wait_for_url(f"{program.url}/topics/labor").decode())


def test_a_broken_source_is_seen(program: Program, page: Page) -> None:
    """On the overview, with since when and why; it works again after `fetch now`."""
    program.press.put("/br", CannedResponse(status=404))
    text = program.config.read_text() + source_table("flaky", f"{program.press.url}/br")
    program.config.write_text(text)

    def is_listed() -> bool:
        page.goto(f"{program.url}/desk/")
        return row.count() == 1

    row = page.get_by_role("row", name=re.compile("flaky"))
    wait_until(is_listed)
    seen = row.inner_text()
    assert "There is no feed at this address" in seen
    assert re.search(r"\d+ (s|sec|min|m)\w*\b.* · ", seen), seen
    program.press.put("/br", feed_response("flaky", article("Back again", prose(5))))
    row.get_by_role("button", name="Fetch now").click()
    wait_until(lambda: "Back again" in wait_for_url(f"{program.url}/all").decode())
    page.goto(f"{program.url}/desk/")
    assert row.count() == 0


def test_stories_are_merged_split_and_pinned(program: Program, page: Page) -> None:
    """And what was done is there for everybody."""
    program.press.put(
        "/two",
        feed_response("two", article("First report", prose(3)), article("Second report", prose(4))),
    )
    program.config.write_text(
        program.config.read_text() + source_table("two", f"{program.press.url}/two")
    )
    wait_until(lambda: "Second report" in wait_for_url(f"{program.url}/all").decode())
    page.goto(f"{program.url}/desk/stories?q=first")
    page.get_by_role("link", name="First report").click()
    page.get_by_label("Merge with").fill("second report")
    page.get_by_role("button", name="Merge", exact=True).click()
    assert "They are one story now." in page.get_by_role("status").inner_text()
    page.get_by_role("button", name="Pin", exact=True).click()
    assert "Pinned to the home page." in page.get_by_role("status").inner_text()
    page.get_by_role("button", name="Split off").last.click()
    assert "a story of its own" in page.get_by_role("status").inner_text()

    log = page.locator(".log").all_inner_texts()
    assert [next(w for w in ("merged", "pinned", "split") if w in line) for line in log] == [
        "split", "pinned", "merged",
    ]  # fmt: skip


def test_words_of_ours_are_published_and_undone(program: Program, page: Page) -> None:
    """A headline and a note stand beside the outlet's words, until they are undone."""
    program.press.put("/words", feed_response("words", article("Port reopens", prose(6))))
    program.config.write_text(
        program.config.read_text() + source_table("words", f"{program.press.url}/words")
    )
    wait_until(lambda: "Port reopens" in wait_for_url(f"{program.url}/all").decode())
    page.goto(f"{program.url}/desk/stories?q=reopens")
    page.get_by_role("link", name="Port reopens").click()
    page.get_by_label("Our headline").fill("The port works again")
    page.get_by_label("Editor’s note").fill("We were there <b>at dawn</b>.")
    page.get_by_role("button", name="Publish", exact=True).click()
    assert "Saved, and published." in page.get_by_role("status").inner_text()
    published = page.context.new_page()
    published.goto(f"{program.url}/all")
    shown = published.locator("article", has_text="The port works again").inner_text()
    assert "Headline of words: Port reopens" in shown
    assert "Editor’s note: We were there <b>at dawn</b>." in shown
    page.get_by_role("status").get_by_role("button", name="Undo").click()
    assert "Undone." in page.get_by_role("status").inner_text()
    published.reload()
    assert "The port works again" not in published.locator("main").inner_text()
    published.close()


def test_what_a_source_brings_is_approved(program: Program, page: Page) -> None:
    """Nothing of it is published before."""
    program.press.put("/wire", feed_response("wire", article("Needs a look", prose(7))))
    table = source_table("wire", f"{program.press.url}/wire")
    program.config.write_text(f"{program.config.read_text()}{table}approve = true\n")

    def is_held() -> bool:
        page.goto(f"{program.url}/desk/held")
        shown = page.locator("main").inner_text()
        return "Needs a look" in shown and "Approve" in shown  # the web server knows it, too

    wait_until(is_held)
    assert "Needs a look" not in wait_for_url(f"{program.url}/all").decode()
    page.get_by_label("Needs a look").check()
    page.get_by_role("button", name="Approve", exact=True).click()
    assert "published" in page.get_by_role("status").inner_text()
    assert "Needs a look" in wait_for_url(f"{program.url}/all").decode()


def test_a_story_is_posted_from_its_page(program: Program, page: Page) -> None:
    """The bookmarklet takes address, headline, outlet and the selected text of any page."""
    html = (
        "<!doctype html><html lang=en><head><title>x | y</title>"
        '<meta property="og:title" content="Dockers &quot;win&quot;">'
        '<meta property="og:site_name" content="The Elsewhere Post">'
        '<link rel="canonical" href="https://elsewhere.example/win"></head>'
        f"<body><p id=p>{'They won. ' * 200}</p></body></html>"
    )
    headers = {"Content-Type": "text/html; charset=utf-8"}
    url = program.press.put("/win.html", CannedResponse(body=html.encode(), headers=headers))
    page.goto(f"{program.url}/desk/post")
    code = page.get_by_role("link", name="Post to T").get_attribute("href") or ""
    assert code.startswith("javascript:")
    code = code.removeprefix("javascript:").replace("https://t.example/", f"{program.url}/")
    page.goto(url)
    page.evaluate("getSelection().selectAllChildren(document.getElementById('p'))")
    with page.context.expect_page() as opened:
        page.evaluate(code)
    form = opened.value
    form.wait_for_load_state()
    assert form.get_by_label("Address of the article").input_value() == (
        "https://elsewhere.example/win"
    )
    assert form.get_by_label("Headline").input_value() == 'Dockers "win"'
    assert form.get_by_label("Outlet").input_value() == "The Elsewhere Post"
    assert len(form.get_by_label("Summary").input_value()) in (599, 600)
    form.get_by_label("Labor").check()
    form.get_by_role("button", name="Publish", exact=True).click()
    assert "Published." in form.get_by_role("status").inner_text()
    listed = wait_for_url(f"{program.url}/topics/labor").decode()
    assert "The Elsewhere Post" in listed
    form.close()


def test_an_edit_by_hand_and_one_at_the_desk(program: Program, page: Page) -> None:
    """Neither is lost, and a mistake is shown at its line."""
    page.goto(f"{program.url}/desk/file")
    by_hand = program.config.read_text() + "# edited by hand\n"
    program.config.write_text(by_hand)
    box = page.get_by_label("The whole file")
    box.fill(box.input_value() + "# edited at the desk\n")
    page.get_by_role("button", name="Show the changed lines", exact=True).click()
    assert "has changed since you began to edit it" in page.get_by_role("alert").inner_text()
    assert "# edited at the desk" in page.locator("main").inner_text()  # of the same lines
    assert program.config.read_text() == by_hand

    page.goto(f"{program.url}/desk/file")
    box = page.get_by_label("The whole file")
    box.fill(box.input_value().replace('title = "T"', "title = “T”"))
    page.get_by_role("button", name="Show the changed lines", exact=True).click()
    assert re.search(
        r"Line \d+: contains typographic quotation marks", page.locator("main").inner_text()
    )
    assert program.config.read_text() == by_hand


PAGES = ("/", "/sources", "/sources?state=failed", "/sources/evil", "/sources/evil/edit",
         "/sources/evil/pause", "/sources/evil/resume", "/sources/evil/remove",
         "/topics/labor/edit", "/topics/labor/remove",
         "/sources/new", "/topics", "/topics/labor", "/topics/new", "/stories", "/held", "/runs",
         "/file", "/operators", "/alerts", "/tokens", "/passkeys", "/post",
         "/post?url=x&title=y")  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_everybody_can_use_every_page(
    context: BrowserContext, browser: Browser, program: Program, width: int, scheme: str
) -> None:
    """axe-core finds nothing, no page is wider than the screen, and nothing that an outlet sends
    runs as a script."""
    require(AXE)
    other = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        bypass_csp=True,  # axe is a script of another
        storage_state=context.storage_state(),
    )
    page = other.new_page()
    alerts = f"{program.url}/desk/alerts"

    def is_alerted() -> bool:
        page.goto(alerts)
        return "onerror" in page.locator("main").inner_text()

    wait_until(is_alerted)
    for path in PAGES:
        page.goto(f"{program.url}/desk{path}")
        assert page.title() not in ("1", "2"), path
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == [], path
    page.goto(f"{program.url}/desk/sources/evil")
    page.get_by_role("button", name="Compare given and published").click()
    page.wait_for_load_state()  # with the style sheet: without it the raw text is one long line
    assert "As the outlet gave it" in page.locator("main").inner_text()
    assert page.title() not in ("1", "2")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.evaluate(AXE.read_text())
    assert page.evaluate("axe.run(document).then(r => r.violations.map(v => v.id))") == []
    page.goto(f"{program.url}/desk/stories")
    page.locator("td a").first.click()
    page.wait_for_load_state()
    page.evaluate(AXE.read_text())
    assert page.evaluate("axe.run(document).then(r => r.violations.map(v => v.id))") == []
    other.close()


def test_the_desk_works_without_scripts(
    context: BrowserContext, browser: Browser, program: Program
) -> None:
    """Every form is a plain one."""
    other = browser.new_context(java_script_enabled=False, storage_state=context.storage_state())
    page = other.new_page()
    page.goto(f"{program.url}/desk/topics/labor")
    page.get_by_label("Rule", exact=True).fill("strike")
    page.get_by_role("button", name="Test", exact=True).click()

    assert "kept" in page.locator("#test").inner_text()
    other.close()
