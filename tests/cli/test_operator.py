"""`operator`: who may use the desk."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.harness.command_line import HEAD, argv, free_port, run, run_on_terminal

PASSWORD = "correct horse battery"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "feeds.toml"
    file.write_text(HEAD)
    return file


def _add(config: Path, name: str, *options: str, password: str = PASSWORD) -> str:
    done = subprocess.run(
        argv(config, "operator", "add", name, "--password-stdin", *options),
        input=f"{password}\n", capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_operators_are_added_and_listed(config: Path) -> None:
    """The first one is an owner."""
    assert "There is no operator" in run(config, "operator", "list").stdout
    assert "ana is an owner of the desk." in _add(config, "ana")
    assert "ben is an editor of the desk." in _add(config, "ben")
    found = json.loads(run(config, "operator", "list", "--json").stdout)

    assert [(each["name"], each["role"]) for each in found] == [("ana", "owner"), ("ben", "editor")]
    assert PASSWORD.encode() not in config.with_name("aggregator.db").read_bytes()


def test_a_password_is_asked_for_on_a_terminal(config: Path) -> None:
    """Twice, and not shown."""
    shown = run_on_terminal(config, "operator", "add", "ana", answers=[PASSWORD, PASSWORD])

    assert "ana is an owner of the desk." in shown
    assert PASSWORD not in shown


@pytest.mark.parametrize(
    ("name", "password", "sentence"),
    [
        ("ana", "short", "at least 10 characters"),
        ("", PASSWORD, "A name begins with a letter"),
        ("a\nb", PASSWORD, "A name begins with a letter"),
        ("x" * 50, PASSWORD, "at most 40 characters"),
    ],
)
def test_wrong_input(config: Path, name: str, password: str, sentence: str) -> None:
    """One sentence, and nobody is added."""
    assert sentence in _add(config, name, password=password)
    assert json.loads(run(config, "operator", "list", "--json").stdout) == []


def test_there_is_always_an_owner(config: Path) -> None:
    """The last one is neither removed nor made an editor."""
    assert "There must be an owner" in _add(config, "ana", "--role", "editor")
    _add(config, "ana")
    _add(config, "ben")
    assert "is the only owner" in run(config, "operator", "remove", "ana").stderr
    assert "There must be an owner" in _add(config, "ana", "--role", "editor")
    assert run(config, "operator", "remove", "ben").returncode == 0
    assert "There is no operator 'ben'" in run(config, "operator", "remove", "ben").stderr
    assert "0 sessions of ana ended." in run(config, "operator", "logout", "ana").stdout


def test_a_one_time_link(config: Path) -> None:
    """While there is no operator."""
    assert "/desk/enter?key=" in run(config, "operator", "link").stdout
    _add(config, "ana")

    assert "There are operators; log in" in run(config, "operator", "link").stderr


def test_run_greets_on_a_terminal(config: Path) -> None:
    """With the addresses of the site and the desk."""
    port = free_port()
    shown = run_on_terminal(config, "run", "--port", str(port), stop_at="Ctrl-C stops it.")

    assert f"T: http://127.0.0.1:{port}/" in shown
    assert f"Desk: http://127.0.0.1:{port}/desk/enter?key=" in shown
