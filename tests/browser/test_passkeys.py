"""Passkeys in a real browser, with the virtual authenticator of Chromium."""

import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.judges import CHROMIUM, require
from tests.harness.command_line import argv, free_port, wait_for_url

pytestmark = pytest.mark.slow
PASSWORD = "correct horse battery"


@dataclass
class Scene:
    """A running program on localhost, and a page whose browser has a device for passkeys."""

    url: str
    page: Page
    config: Path

    def logs_in(self, password: str = PASSWORD) -> None:
        """By name and password."""
        self.page.goto(f"{self.url}/desk/login")
        self.page.get_by_label("Name", exact=True).fill("ana")
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Log in", exact=True).click()

    def logs_out(self) -> None:
        """From any page of the desk."""
        self.page.get_by_role("button", name="Log out", exact=True).click()

    @property
    def is_in(self) -> bool:
        """Whether the overview is shown."""
        self.page.wait_for_load_state()
        return self.page.get_by_role("navigation", name="Desk").count() == 1


@pytest.fixture
def scene(tmp_path: Path, browser: Browser) -> Iterator[Scene]:
    """An owner with a password."""
    require(CHROMIUM)
    port = free_port()
    url, config = f"http://localhost:{port}", tmp_path / "feeds.toml"
    config.write_text(f'[site]\ntitle = "T"\nurl = "{url}"\n')
    add = argv(config, "operator", "add", "ana", "--password-stdin")
    subprocess.run(add, input=PASSWORD, text=True, check=True, capture_output=True)
    context = browser.new_context()
    page = context.new_page()
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }  # fmt: skip
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    with subprocess.Popen(
        argv(config, "serve", "--port", str(port)),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            wait_for_url(f"http://127.0.0.1:{port}/healthz")
            yield Scene(url, page, config)
        finally:
            context.close()
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)


def _add_passkey(scene: Scene) -> None:
    scene.logs_in()
    scene.page.goto(f"{scene.url}/desk/passkeys")
    scene.page.get_by_label("Name", exact=True).fill("Laptop")
    scene.page.get_by_role("button", name="Add", exact=True).click()
    scene.page.get_by_text("Laptop was added.").wait_for()


def test_a_passkey_is_added_and_logs_in(scene: Scene) -> None:
    """Without name and password."""
    _add_passkey(scene)
    scene.logs_out()
    scene.page.get_by_role("button", name="Log in with a passkey").click()
    scene.page.wait_for_url(f"{scene.url}/desk/")
    assert scene.is_in
    scene.page.goto(f"{scene.url}/desk/passkeys")
    assert "never" not in scene.page.locator("td").nth(2).inner_text()


def test_a_passkey_as_a_second_factor(scene: Scene) -> None:
    """The right password alone is not enough, and a wrong one never gets to the passkey."""
    _add_passkey(scene)
    scene.page.get_by_role("button", name="A password, and then a passkey").click()
    scene.logs_out()
    scene.logs_in("wrong password")
    assert "wrong" in scene.page.locator("main").inner_text()
    scene.logs_in()
    assert not scene.is_in
    assert "Your password is correct." in scene.page.locator("main").inner_text()
    scene.page.goto(f"{scene.url}/desk/")
    assert not scene.is_in
    scene.logs_in()
    scene.page.get_by_role("button", name="Use your passkey").click()
    scene.page.wait_for_url(f"{scene.url}/desk/")
    assert scene.is_in


def test_passkeys_only(scene: Scene) -> None:
    """The password no longer works, and the last passkey cannot be removed; the command line on
    the server gives a way back."""
    _add_passkey(scene)
    scene.page.get_by_role("button", name="Passkeys only").click()
    scene.page.get_by_role("button", name="Remove", exact=True).click()
    assert "This is your only passkey" in scene.page.locator("main").inner_text()
    scene.logs_out()
    scene.logs_in()
    assert "This name or password is wrong." in scene.page.locator("main").inner_text()
    scene.page.get_by_role("button", name="Log in with a passkey").click()
    scene.page.wait_for_url(f"{scene.url}/desk/")
    add = argv(scene.config, "operator", "add", "ana", "--password-stdin")
    subprocess.run(add, input=f"{PASSWORD}!", text=True, check=True, capture_output=True)
    scene.page.reload()
    assert not scene.is_in
    scene.logs_in(f"{PASSWORD}!")
    assert scene.is_in
