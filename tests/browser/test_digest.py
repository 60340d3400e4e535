"""The digest in a real browser and for real judges: sign up, confirm, choose, leave; the mail."""

import json
import re
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from aggregator.demo.press import open_press
from aggregator.model import DigestPreferences
from aggregator.store.sqlite import SqliteStore, open_store
from tests.browser.judges import AXE, CHROMIUM, VNU, require
from tests.harness.builders import prose
from tests.harness.command_line import (
    argv,
    feed_response,
    free_port,
    source_table,
    wait_for_url,
    wait_until,
)
from tests.harness.mail_server import Mailbox, mail_toml, open_mail_server
from tests.harness.newsroom import article

pytestmark = pytest.mark.slow
SPAMASSASSIN = shutil.which("spamassassin")
ADDRESS = "ana@reader.example"
HOUR = datetime.now(UTC).hour
"""Of the archived issue, and what the form suggests: it has just been."""


@dataclass
class Program:
    """A running program with a digest, its database, and the mailbox that it sends to."""

    url: str
    database: Path
    mailbox: Mailbox

    def mail(self, number: int) -> EmailMessage:
        """The mail with this number, when it has come."""
        wait_until(lambda: len(self.mailbox.mails) >= number)
        return self.mailbox.mails[number - 1]

    def open_store(self) -> SqliteStore:
        """The database, beside the program."""
        return open_store(self.database)

    def brings_forward(self, address: str) -> None:
        """Make the digest of somebody due now."""
        now = datetime.now(UTC)
        with closing(self.open_store()) as store:
            found = store.digest_subscribers.by_address(address)
            assert found
            store.digest_subscribers.set_preferences(found.id, found.preferences, now)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """`run` with two topics, some stories, and a mail server."""
    require(CHROMIUM)
    folder = tmp_path_factory.mktemp("digest")
    port = free_port()
    url, now = f"http://127.0.0.1:{port}", datetime.now(UTC) - timedelta(hours=1)
    with open_press() as press, open_mail_server(folder) as mailbox:
        items = [
            article(f"Dockers strike {number}", prose(number, 80), published=now)
            for number in range(6)
        ]
        press.put("/harbor", feed_response("harbor", *items))
        config = folder / "feeds.toml"
        config.write_text(
            f'[site]\ntitle = "The Commons"\nurl = "{url}"\ndescription = "News by topic."\n'
            '[fetch]\nallow_private = ["127.0.0.1"]\nspacing = "0s"\n'
            f"ports = [80, 443, {press.url.rpartition(':')[2]}]\n"
            f"{mail_toml(mailbox)}[digest]\nhour = {HOUR}\n"
            'imprint = "The Commons, 12 Harbour Street"\n'
            '[[topic]]\nid = "labor"\ntitle = "Labor"\nmatch = "strike"\n'
            '[[topic]]\nid = "ports"\ntitle = "Ports and Ships"\nmatch = "dockers"\n'
            f"{source_table('harbor', f'{press.url}/harbor')}"
        )
        with subprocess.Popen(
            argv(config, "run", "--port", str(port)),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:  # fmt: skip
            try:
                wait_for_url(f"{url}/healthz")
                wait_until(lambda: b"Dockers strike" in wait_for_url(f"{url}/topics/labor"))
                yield Program(url, folder / "aggregator.db", mailbox)
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=20)


def _link(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    found = re.search(rf"http\S+/digest/{kind}/\S+", part.get_content())
    assert found
    return found[0]


def test_from_signing_up_to_leaving(browser: Browser, program: Program) -> None:
    """The box on a topic page, the mail, the button, the digest, other topics, and one click as a
    mail provider sends it. Without a script, too."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{program.url}/topics/labor")
    page.get_by_label("Your email address").fill(ADDRESS)
    page.get_by_role("button", name="Sign up").click()
    assert page.locator("h1").inner_text() == "Check your email"

    first = program.mail(1)
    assert first["To"] == ADDRESS
    assert first["Subject"] == "Confirm your subscription to the digest of The Commons"
    page.goto(_link(first, "confirm"))
    page.get_by_role("button", name="Yes, send it to me").click()
    assert page.locator("h1").inner_text() == "You are subscribed"

    program.brings_forward(ADDRESS)
    issue = program.mail(2)
    assert issue["Subject"].startswith("Dockers strike")
    page.goto(_link(issue, "preferences"))
    assert page.get_by_role("checkbox", name="Labor").is_checked()
    page.get_by_role("checkbox", name="Labor").uncheck()
    page.get_by_role("checkbox", name="Ports and Ships").check()
    page.get_by_role("radio", name="Once a week").check()
    page.get_by_label("Day", exact=True).select_option("Sunday")
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    page.get_by_role("button", name="Save").click()
    assert page.get_by_text("Saved.").is_visible()
    assert page.get_by_role("checkbox", name="Ports and Ships").is_checked()
    with closing(program.open_store()) as store:
        found = store.digest_subscribers.by_address(ADDRESS)
        assert found
        assert found.preferences == DigestPreferences(
            topics=("ports",), frequency="weekly", weekday=6, hour=HOUR, timezone="Asia/Tokyo"
        )

    leave = issue["List-Unsubscribe"].strip("<>")
    body = urllib.request.Request(leave, b"List-Unsubscribe=One-Click", method="POST")
    with urllib.request.urlopen(body) as answer:
        assert answer.status == 200
    with closing(program.open_store()) as store:
        assert store.digest_subscribers.by_address(ADDRESS) is None
    page.goto(_link(issue, "unsubscribe"))
    assert page.locator("h1").inner_text() == "You are unsubscribed"
    page.goto(_link(issue, "preferences"))
    assert page.locator("h1").inner_text() == "This link is no longer valid"
    context.close()


def test_the_browser_knows_the_time_zone(browser: Browser, program: Program) -> None:
    """With a script, the form suggests it."""
    context = browser.new_context(timezone_id="America/Lima")
    page = context.new_page()
    page.goto(f"{program.url}/digest")
    assert page.get_by_label("Time zone").input_value() == "America/Lima"
    page.goto(program.url)
    assert page.locator("form [name=timezone]").input_value() == "America/Lima"
    context.close()


def test_a_mistake_is_said_at_the_field(browser: Browser, program: Program) -> None:
    """And nothing that was filled in is lost."""
    page = browser.new_page()
    page.goto(f"{program.url}/digest")
    page.get_by_label("Your email address").fill("ana@mailinator.com")
    page.get_by_label("Hour").select_option("18:00")
    page.get_by_role("button", name="Sign up").click()
    assert page.get_by_text("This is a throwaway address").is_visible()
    assert page.get_by_label("Your email address").input_value() == "ana@mailinator.com"
    assert page.get_by_label("Hour").input_value() == "18"
    page.close()


@pytest.fixture(scope="module")
def pages(program: Program) -> dict[str, str]:
    """Every page about the digest."""
    number = len(program.mailbox.mails)
    form = b"address=bo%40reader.example&timezone=UTC"
    with urllib.request.urlopen(f"{program.url}/digest", form) as answer:
        assert answer.status == 200
    confirm = _link(program.mail(number + 1), "confirm")
    with urllib.request.urlopen(confirm, b"x=1") as answer:
        assert answer.status == 200
    program.brings_forward("bo@reader.example")
    issue = program.mail(number + 2)
    wait_until(lambda: b"/digest/20" in wait_for_url(f"{program.url}/digest"))
    day = re.search(rb"/digest/20[0-9-]+", wait_for_url(f"{program.url}/digest"))
    assert day
    return {
        "digest": f"{program.url}/digest", "issue": program.url + day[0].decode(),
        "confirm": confirm, "preferences": _link(issue, "preferences"),
        "unsubscribe": _link(issue, "unsubscribe"),
        "expired": f"{program.url}/digest/confirm/x",
        "home": program.url, "topic": f"{program.url}/topics/labor",
    }  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_everybody_can_use_every_page(
    browser: Browser, pages: dict[str, str], width: int, scheme: str
) -> None:
    """axe-core finds nothing, and no page is wider than the screen."""
    require(AXE)
    page = browser.new_page(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        bypass_csp=True,  # axe is a script of another
    )
    for name, url in pages.items():
        page.goto(url)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == [], name
    page.close()


def test_every_page_and_the_mail_are_valid_html(
    program: Program, pages: dict[str, str], tmp_path: Path
) -> None:
    """By the W3C's validator."""
    require(VNU, "java")
    for name, url in pages.items():
        if name != "expired":
            (tmp_path / f"{name}.html").write_bytes(wait_for_url(url))
    html = _issue(program).get_body(("html",))
    assert html is not None
    (tmp_path / "mail.html").write_text(html.get_content(), encoding="utf-8")
    files = sorted(str(file) for file in tmp_path.iterdir())
    command = ["java", "-jar", str(VNU), "--errors-only", "--format", "json", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    messages = json.loads(done.stderr)["messages"]
    assert [(m["url"].rpartition("/")[2], m["message"]) for m in messages] == []
    assert len(files) == len(pages)


def _issue(program: Program) -> EmailMessage:
    return next(mail for mail in program.mailbox.mails if mail.is_multipart())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 700])
def test_the_mail_can_be_read(
    browser: Browser, program: Program, pages: dict[str, str], width: int, scheme: str
) -> None:
    """On a phone and on a desk, light and dark: wide enough, with contrast, and nothing is loaded
    from anywhere."""
    require(AXE)
    assert pages
    html = _issue(program).get_body(("html",))
    assert html is not None
    page: Page = browser.new_page(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    page.set_content(html.get_content())
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        "axe.run(document, { resultTypes: ['violations'], rules: { region: { enabled: false },"
        "'landmark-one-main': { enabled: false } } })"  # mail programs have landmarks of their own
    )
    assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []
    assert loaded == []
    page.close()


@pytest.mark.skipif(not SPAMASSASSIN, reason="spamassassin is not installed (apt-get)")
def test_spamassassin_takes_no_offence(program: Program, pages: dict[str, str]) -> None:
    """Its rules that need no network score each of our mails below 2."""
    assert SPAMASSASSIN
    assert pages
    for mail in (program.mailbox.mails[0], _issue(program)):
        raw = mail.as_bytes(policy=SMTP)
        done = subprocess.run(
            [SPAMASSASSIN, "-L", "-t"], input=raw, capture_output=True, check=True
        )
        found = re.search(rb"X-Spam-Status: \w+, score=(-?[0-9.]+)", done.stdout)
        assert found, done.stdout[-3000:].decode()
        report = done.stdout[done.stdout.rindex(b"Content analysis") :].decode()
        print(found[1].decode(), report)
        assert float(found[1]) < 2, report
