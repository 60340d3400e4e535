"""The public surface: a snapshot of every public name that must not change by accident.

URLs, feed ids, keys of feeds.toml, commands with their options and exit codes, environment
variables, keys of JSON output and of our JSON Feed extension. After an intended change, update the
snapshot with `PUBLIC_SURFACE=write pytest tests/test_public_surface.py`, and mention the change in
CHANGELOG.md.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import pytest

from aggregator import cli
from aggregator.config import json_schema
from tests.harness.newsroom import Newsroom, article

SNAPSHOT = Path(__file__).with_name("public_surface.json")
PACKAGE = Path(cli.__file__).parent.parent

ENTRIES = 3


def _option(parameter: click.Parameter) -> dict[str, Any]:
    is_flag = isinstance(parameter, click.Option) and parameter.is_flag
    return {
        "kind": parameter.param_type_name,
        "names": [*parameter.opts, *parameter.secondary_opts]
        if isinstance(parameter, click.Option)
        else [str(parameter.metavar)],
        "required": parameter.required,
        "multiple": parameter.multiple or parameter.nargs != 1,
        "is_flag": is_flag,
    }


def _command(command: click.Command) -> dict[str, Any]:
    found: dict[str, Any] = {"parameters": [_option(p) for p in command.params]}
    if isinstance(command, click.Group):
        found["commands"] = {name: _command(own) for name, own in sorted(command.commands.items())}
    return found


def _commands() -> dict[str, Any]:
    context = click.Context(cli.main)
    commands = {name: cli.main.get_command(context, name) for name in cli.COMMANDS}
    found = {name: _command(command) for name, command in commands.items() if command}
    return {"aggregator": _command(cli.main)["parameters"], **dict(sorted(found.items()))}


def _keys(schema: Mapping[str, Any]) -> Any:
    """The keys, types, bounds and defaults of a JSON Schema, without descriptions."""
    if isinstance(schema, dict):
        left_out = ("description", "title")
        return {
            key: _keys(value)
            for key, value in schema.items()
            if key not in left_out or isinstance(value, dict)
        }
    return [_keys(item) for item in schema] if isinstance(schema, list) else schema


def _exit_codes(folder: Path) -> dict[str, int]:
    """Situation -> exit code of the program."""
    good = folder / "feeds.toml"
    good.write_text('[site]\ntitle = "T"\nurl = "https://t.example"\n')
    bad = folder / "bad.toml"
    bad.write_text("[sight]\n")
    other = folder / "other.db"
    other.write_text("This is not a database.\n" * 100)
    situations: dict[str, tuple[list[str], dict[str, str]]] = {
        "check": (["check"], {}),
        "check, no file": (["--config", "nowhere.toml", "check"], {}),
        "check, wrong file": (["--config", "bad.toml", "check"], {}),
        "ingest, nothing listed": (["ingest"], {}),
        "ingest, unknown source": (["ingest", "--source", "x"], {}),
        "ingest, options that exclude each other": (["ingest", "--loop", "--all"], {}),
        "no such command": (["nonsense"], {}),
        "story, unknown": (["story", "0123456789abcdef"], {}),
        "topics, unknown": (["topics", "x"], {}),
        "search, wrong query": (["search", "a AND"], {}),
        "doctor": (["doctor"], {}),
        "database, no such folder": (["topics"], {"AGGREGATOR_DATABASE": "/no/such/folder/a.db"}),
        "database, not one": (["topics"], {"AGGREGATOR_DATABASE": str(other)}),
        "serve, port taken by nobody but not a host": (["serve", "--host", "no host"], {}),
        "publish, folder is a file": (["publish", "feeds.toml"], {}),
    }
    return {
        situation: subprocess.run(
            [sys.executable, "-m", "aggregator", *command],
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            timeout=60,
            check=False,
        ).returncode
        for situation, (command, environment) in situations.items()
    }


def _environment() -> list[str]:
    """The environment variables that the program reads."""
    code = "".join(path.read_text() for path in sorted(PACKAGE.rglob("*.py")))
    proxies = [name for name in ("http_proxy", "https_proxy", "no_proxy") if "_proxy" in code]
    return sorted({*re.findall(r"AGGREGATOR_[A-Z_]+", code), *proxies})


def _paths_of_keys(value: Any, at: str = "") -> set[str]:
    """The path of every key in a JSON value, as in `a.b[].c`."""
    if isinstance(value, dict):
        own = {f"{at}.{key}".lstrip(".") for key in value}
        return own.union(*(_paths_of_keys(v, f"{at}.{k}".lstrip(".")) for k, v in value.items()))
    if isinstance(value, list):
        return set().union(*(_paths_of_keys(item, f"{at}[]") for item in value))
    return set()


def _scene(newsroom: Newsroom) -> None:
    """Two outlets that share a story, a renamed topic, and an archive."""
    newsroom.has_topic("labor", "strike")
    newsroom.has_topic("climate", "flood")
    newsroom.change("[fetch]", '[publish]\nlimit = 2\nhub = "self"\n[fetch]')
    newsroom.change('id = "climate"\n', 'id = "climate"\nwas = ["weather"]\n')
    rights = {
        "show": '"full"', "license": '"CC BY 4.0"',
        "license_url": '"https://creativecommons.org/licenses/by/4.0/"',
        "public_feed": '"https://valley.example/feed"',
    }  # fmt: skip
    newsroom.lists("harbor", show='"title"', public_feed='"https://harbor.example/feed"')
    newsroom.lists("valley", **rights)
    link = "https://harbor.example/strike"
    newsroom.publishes(
        "harbor",
        *(
            article(f"A strike, day {n}", link=f"{link}-{n}", tags=["Labor"])
            for n in range(ENTRIES)
        ),
    )
    newsroom.ingests("harbor")
    newsroom.publishes(
        "valley",
        article("A strike, day 0", link=f"{link}-0"),
        article("A flood", link="https://valley.example/flood"),
    )
    newsroom.ingests("valley")
    newsroom.has_pages_of(5)
    newsroom.archives(2)
    newsroom.closes_pages()


def _urls(newsroom: Newsroom) -> dict[str, int]:
    """Every public path of the scene -> its status."""
    paths = sorted(newsroom.paths())
    more = ["/healthz", "/hub", "/search.atom?q=strike", "/topics/climate+labor.rss", "/nowhere"]
    more += ["/all.json?limit=1", "/all.json?limit=x", "/all?lang=en&without=harbor"]
    return {path: newsroom.get(path).status_code for path in [*paths, *more]}


def _feed_ids(newsroom: Newsroom) -> dict[str, Any]:
    lists = ["/all", "/topics/labor", "/topics/climate", "/topics/weather", "/sources/harbor"]
    lists += ["/topics/climate+labor", "/all/archive/1"]
    return {
        path: [
            (feed := newsroom.read(f"{path}.atom")).feed.get("id"),
            [item.id for item in feed.entries],
        ]
        for path in lists
        if newsroom.get(f"{path}.atom").status_code == 200
    }


def _json_keys(newsroom: Newsroom, folder: Path) -> dict[str, list[str]]:
    feed = newsroom.get("/all.json?limit=20").get_json()
    file = folder / "json.toml"
    file.write_text(newsroom.written)
    ingest = subprocess.run(
        [sys.executable, "-m", "aggregator", "--config", str(file), "ingest", "--json"],
        env={**os.environ, "AGGREGATOR_DATABASE": str(folder / "json.db")},
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    report = json.loads(ingest.stdout)
    report["sources"] = {"ID": report["sources"]["harbor"]}
    return {
        "JSON Feed": sorted(_paths_of_keys(feed)),
        "/healthz": sorted(_paths_of_keys(newsroom.get("/healthz").get_json())),
        "ingest --json": sorted(_paths_of_keys(report)),
    }


@pytest.mark.parametrize(
    "part",
    ["commands", "feeds.toml", "exit codes", "environment", "urls", "feed ids", "json keys"],
)
def test_nothing_public_has_changed(newsroom: Newsroom, tmp_path: Path, part: str) -> None:
    """The public surface is the same as in the snapshot."""
    made: dict[str, Callable[[], Any]] = {
        "commands": _commands,
        "feeds.toml": lambda: _keys(json_schema()),
        "exit codes": lambda: _exit_codes(tmp_path),
        "environment": _environment,
        "urls": lambda: _urls(newsroom),
        "feed ids": lambda: _feed_ids(newsroom),
        "json keys": lambda: _json_keys(newsroom, tmp_path),
    }
    if part in ("urls", "feed ids", "json keys"):
        _scene(newsroom)

    found = json.loads(json.dumps(made[part]()))

    snapshot = json.loads(SNAPSHOT.read_text()) if SNAPSHOT.exists() else {}
    if os.environ.get("PUBLIC_SURFACE") == "write":
        text = json.dumps({**snapshot, part: found}, indent=1, sort_keys=True, ensure_ascii=False)
        SNAPSHOT.write_text(f"{text}\n")
    else:
        assert found == snapshot[part]
