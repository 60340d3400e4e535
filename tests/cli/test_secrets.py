"""Secrets appear nowhere: not in what commands print, the log, the database, or any page."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from aggregator.demo.press import CannedResponse, Press
from aggregator.site_app import create_wsgi_app
from aggregator.startup import load_config
from aggregator.store import open_store
from aggregator.web.desk.access import COOKIE
from tests.harness.callback_server import open_callbacks
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
from tests.harness.mail_server import mail_toml, open_mail_server
from tests.harness.newsroom import article

SECRETS = {
    "FILTER_KEY": "MARKheader77",
    "FILTER_LOGIN": "MARKuser77:MARKbasic77",
    "SMTP_USER": "MARKsmtpuser77",
    "SMTP_PASSWORD": "MARKsmtppass77",
}
PASSWORD = "MARKoperator77 horse"
PAGES = (
    "/", "/sources", "/sources/harbor", "/sources/broken", "/sources/harbor/edit", "/topics",
    "/topics/labor", "/stories", "/held", "/alerts", "/runs", "/file", "/operators", "/tokens",
    "/passkeys", "/post",
)  # fmt: skip
COMMANDS = (
    ("check",), ("check", "--json"), ("check", "--live", "--json"), ("status", "--json"),
    ("sources", "--json"), ("source", "broken"), ("source", "harbor", "--json"), ("alerts",),
    ("alerts", "--test"), ("mail", "test", "editor@commons.example"), ("operator", "list"),
    ("fetch", "harbor", "--explain"), ("fetch", "harbor", "--explain", "--json"),
    ("fetch", "broken", "--explain"), ("diff",), ("export",), ("doctor",), ("story",),
)  # fmt: skip


@pytest.mark.slow
def test_secrets_appear_nowhere(
    tmp_path: Path, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of sources, of mail and alerts, and of operators, while half of it fails."""
    keys = 'headers = { X-Api-Key = "FILTER_KEY" }\nbasic_auth = "FILTER_LOGIN"\n'
    feed = press.put("/harbor", feed_response("harbor", article("Strike")))
    failing = CannedResponse(status=401, body=b"Who are you?")
    port, file, log = free_port(), tmp_path / "feeds.toml", tmp_path / "log"
    with open_mail_server(tmp_path) as mailbox, open_callbacks() as chat:
        chat.status = 500
        secrets = {
            **SECRETS,
            "HOOK": f"{chat.url}/MARKhook77",
            "PING": f"{chat.url}/MARKping77",
        }
        file.write_text(
            HEAD
            + mail_toml(mailbox, login=True).replace("localhost", "127.0.0.1")
            + '[alerts]\nmail = ["editor@commons.example"]\nwebhook = "HOOK"\nping = "PING"\n'
            + 'failing_after = "0s"\n'
            + source_table("harbor", feed)
            + keys
            + source_table("broken", press.put("/broken", failing))
            + keys
        )
        command = argv(file, "operator", "add", "ana", "--password-stdin")
        subprocess.run(command, input=PASSWORD, text=True, check=True, capture_output=True)
        with (
            log.open("w") as written,
            subprocess.Popen(
                argv(file, "run", "--port", str(port)),
                stdout=written, stderr=written, env={**os.environ, **secrets},
            ) as program,
        ):  # fmt: skip
            try:
                public = wait_for_url(f"http://127.0.0.1:{port}/healthz/live")
                wait_until(lambda: "channel=mail" in log.read_text(), 60)
                for path in ("/", "/all.atom", "/metrics", "/sources.opml"):
                    public += wait_for_url(f"http://127.0.0.1:{port}{path}")
                for name, value in secrets.items():
                    monkeypatch.setenv(name, value)
                found = {"the site": public.decode(), **_at_the_desk(file)}
                found |= {" ".join(c): _output_of(file, c, secrets) for c in COMMANDS}
            finally:
                program.terminate()
                program.wait(20)
        received = [each.path for each in chat.received]

    assert {"/MARKhook77", "/MARKping77"} <= set(received)
    sent = {name for request in press.requests for name in request.headers}
    assert {"x-api-key", "authorization"} <= sent
    found["the log"] = log.read_text()
    stored = b"".join(each.read_bytes() for each in tmp_path.glob("aggregator.db*"))
    found["the database"] = stored.decode("latin-1")
    leaks = {place: re.findall(r".{0,60}MARK.{0,30}", text) for place, text in found.items()}
    assert {place: seen for place, seen in leaks.items() if seen} == {}
    assert "refused the user name or password" in found["the log"]


def _output_of(file: Path, command: tuple[str, ...], secrets: dict[str, str]) -> str:
    done = run(file, *command, **secrets)
    return done.stdout + done.stderr


def _at_the_desk(file: Path) -> dict[str, str]:
    """Every page that an operator sees, and what the database keeps of a login and a token."""
    config = load_config(file)
    with open_store(config.database) as store:
        client = create_wsgi_app(config, store).test_client()
        base = "https://t.example"
        given = {"name": "ana", "password": PASSWORD}
        assert client.post("/desk/login", data=given, base_url=base).status_code == 303
        page = client.get("/desk/operators", base_url=base).text
        csrf = re.findall(r'name="csrf" value="([^"]+)"', page)[0]
        form = {"csrf": csrf, "name": "script", "scope": "stories"}
        made = client.post("/desk/tokens", data=form, base_url=base).text
        (token,) = set(re.findall(r'<code class="line">([\w-]{30,})</code>', made))
        pages = {p: client.get(f"/desk{p}", base_url=base).text for p in PAGES}
        form = {"csrf": csrf}
        compared = client.post("/desk/sources/harbor/compare", data=form, base_url=base)
        cookie = client.get_cookie(COOKIE, path="/desk", domain="t.example")
    assert token not in "".join(pages.values())
    stored = b"".join(each.read_bytes() for each in file.parent.glob("aggregator.db*"))
    assert token.encode() not in stored
    assert cookie is not None
    assert cookie.value.encode() not in stored
    return {**pages, "compare": compared.text}
