"""`import` and `export`: OPML from and for other programs."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.harness.command_line import HEAD, run, source_table
from tests.harness.shared_data import SHARED


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A feeds.toml with one source and one topic."""
    file = tmp_path / "feeds.toml"
    file.write_text(f"# ours\n{HEAD}{source_table('harbor', 'https://harbor.example/feed')}")
    return file


def _import(config: Path, content: str | bytes, *options: str) -> Any:
    file = config.with_name("list.opml")
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return run(config, "import", str(file), *options)


def _tables(config: Path) -> dict[str, Any]:
    return tomllib.loads(config.read_text())


def _opml(*outlines: str) -> str:
    return f'<?xml version="1.0"?><opml version="2.0"><body>{"".join(outlines)}</body></opml>'


def _feed(name: str, url: str = "", **attributes: str) -> str:
    url = url or f"https://{name}.example/feed"
    rest = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f'<outline text="{name}" type="rss" xmlUrl="{url}"{rest}/>'


def _folder(name: str, *outlines: str) -> str:
    return f'<outline text="{name}">{"".join(outlines)}</outline>'


def test_a_list_is_imported(config: Path) -> None:
    """Names, pages and addresses are taken; the rest of the file stays as it is."""
    before = config.read_text()
    result = _import(config, _opml(_feed("plains", htmlUrl="https://plains.example/"), _feed("Ñ")))

    assert result.returncode == 0, result.stderr
    assert "2 sources and 0 topics added" in result.stdout
    assert config.read_text().startswith(before)
    assert _tables(config)["source"][1:] == [
        {"id": "plains", "name": "plains", "feed": "https://plains.example/feed",
         "site": "https://plains.example/"},
        {"id": "n", "name": "Ñ", "feed": "https://Ñ.example/feed", "site": "https://Ñ.example/"},
    ]  # fmt: skip
    assert "3 sources" in run(config, "check").stdout


@pytest.mark.parametrize(
    ("folders", "topics", "keys"),
    [
        ("topics", ["labor", "guerra-fria"], [{"topics": ["labor"]}, {"topics": ["guerra-fria"]}]),
        (
            "tags",
            ["labor", "guerra-fria"],
            [{"tags": {"Labor": "labor"}}, {"tags": {"Guerra fría": "guerra-fria"}}],
        ),
        ("ignore", ["labor"], [{}, {}]),
    ],
)
def test_folders(config: Path, folders: str, topics: list[str], keys: list[dict[str, Any]]) -> None:
    """A folder with the title of a topic is that topic; another becomes a new one."""
    lists = _opml(
        _folder("Labor", _feed("a")), _folder("World", _folder("Guerra fría", _feed("b")))
    )
    _import(config, lists, "--folders", folders)
    tables = _tables(config)

    assert [topic["id"] for topic in tables["topic"]] == topics
    found = [{k: v for k, v in s.items() if k in ("topics", "tags")} for s in tables["source"][1:]]
    assert found == keys


def test_what_is_left_out_is_named(config: Path) -> None:
    """Feeds that are listed, twice in the file, or without a valid address."""
    result = _import(
        config,
        _opml(
            _feed("Harbor", "http://www.harbor.example/feed/"), _feed("a"), _feed("again", "https://a.example/feed"),
            _feed("bad", "javascript:alert(1)"), _feed("odd", "feed:https://odd.example/f"),
            '<outline text="a bookmark" type="link"/>',
        ),
    )  # fmt: skip

    assert "2 sources and 0 topics added" in result.stdout
    assert "Harbor: is listed already, as 'harbor'" in result.stdout
    assert "again: is listed already, as 'a'" in result.stdout
    assert "bad: feed: found 'javascript:alert(1)', expected a complete address" in result.stdout
    assert "1 left out: no address" in result.stdout
    assert [s["feed"] for s in _tables(config)["source"][1:]] == [
        "https://a.example/feed", "https://odd.example/f",
    ]  # fmt: skip


def _nested(depth: int) -> str:
    return (
        "".join(f'<outline text="f{n}">' for n in range(depth))
        + _feed("deep")
        + "</outline>" * depth
    )


@pytest.mark.parametrize(
    ("content", "sources"),
    [
        (_opml(_nested(40)), 1),
        (_opml(_nested(1000)), 1),
        (_opml(_feed("a")).replace("1.0", "1.0\" encoding=\"utf-16").encode("utf-16"), 1),
        ("\ufeff" + _opml(_feed("a")), 1),
        ("<opml><body>" + _feed("a") + _feed("b & c").replace("b & c.e", "b.e"), 2),
        (_opml(_feed("a").replace("xmlUrl", "xmlurl").replace("text=", "title=")), 1),
        (_opml(_feed("a"), "<outline text='no address'/>" * 1000), 1),
        (_opml("<outline/>"), 0),
    ],
    ids=[
        "40 deep", "1,000 deep", "UTF-16", "byte order mark", "not well-formed", "lower case",
        "without addresses", "nothing in it",
    ],
)  # fmt: skip
def test_odd_lists(config: Path, content: str | bytes, sources: int) -> None:
    """What can be read is taken."""
    result = _import(config, content)

    assert result.returncode == 0, result.stderr
    assert len(_tables(config)["source"]) == 1 + sources


BOMB = (
    '<!DOCTYPE o [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)).replace("&a0;", "&a;")
    + ']><opml><body><outline text="&a11;" xmlUrl="https://a.example/f"/></body></opml>'
)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("<!doctype html><html><body>Sign in", "It is a web page, not a list of feeds"),
        (
            "<rss><channel/></rss>",
            "It is a feed, not a list of feeds; `aggregator add`",
        ),
        ("{}", "It is empty, or not XML."),
        ("", "It is empty, or not XML."),
        ("<svg/>", "It is not OPML; its first tag is <svg>."),
        (_opml(" " * 20_000_000), "It has more than 20,000,000 bytes"),
    ],
    ids=["HTML", "a feed", "JSON", "empty", "other XML", "too large"],
)
def test_other_files_are_refused(config: Path, content: str, sentence: str) -> None:
    """One sentence says what the file is, and feeds.toml stays."""
    before = config.read_text()
    result = _import(config, content)

    assert result.returncode == 2
    assert sentence in result.stderr
    assert config.read_text() == before


def test_entities_are_not_expanded(config: Path) -> None:
    """A billion laughs cost nothing."""
    before = config.read_text()
    assert _import(config, BOMB).returncode == 2
    assert config.read_text() == before


def test_a_list_of_thousands(config: Path) -> None:
    """5,000 feeds, of which 200 are there twice, in a file of 10 MB."""
    names = [f"outlet-{n}" for n in range(4800)]
    feeds = [_feed(name, description="x" * 2000) for name in (*names, *names[:200])]
    result = _import(config, _opml(*feeds))

    assert "4,800 sources and 0 topics added" in result.stdout
    assert "200 left out: listed already" in result.stdout
    assert "and 180 more; --json lists all" in result.stdout
    assert len({source["id"] for source in _tables(config)["source"]}) == 4801


def test_an_export_is_imported_without_loss(config: Path) -> None:
    """Every key of every source comes back, except of private feeds unless they are asked for."""
    full = """
[[source]]
id = "b"
name = "B & <C> \\"d\\" 'é'"
feed = "https://b.example/feed?a=1&b=2"
site = "https://b.example/"
show = "full"
topics = ["labor"]
tags = { "Work & play" = "labor" }
include = 'strike OR "picket line"'
precedence = -5
enabled = false
headers = { X-Key = "B_KEY" }
was = ["bee"]
max_new = 7
"""
    config.write_text(config.read_text() + full)
    public = run(config, "export")
    config.with_name("all.opml").unlink(missing_ok=True)
    written = run(config, "export", str(config.with_name("all.opml")), "--private")
    other = config.with_name("other.toml")
    other.write_text(HEAD)

    assert "B &amp;" not in public.stdout
    assert "1 private feed is left out; --private includes them." in public.stderr
    assert "2 sources written" in written.stdout
    assert run(other, "import", str(config.with_name("all.opml"))).returncode == 0
    assert _tables(other)["source"] == _tables(config)["source"]


def test_a_dry_run_and_the_report_as_json(config: Path) -> None:
    """Nothing is written; every feed is in the report."""
    before = config.read_text()
    result = _import(config, _opml(_feed("a"), _feed("a")), "--dry-run", "--json")
    report = json.loads(result.stdout)

    assert [source["id"] for source in report["sources"]] == ["a"]
    assert len(report["skipped"]) == 1
    assert config.read_text() == before


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"the real lists are not here ({SHARED})")
def test_real_lists(config: Path) -> None:
    """The lists of other programs, one after the other, into one file that stays valid."""
    files = sorted((SHARED / "opml" / "list").rglob("*.opml"))
    for file in files:
        result = run(config, "import", str(file), "--folders", "topics")
        assert result.returncode == 0, (file, result.stderr)

    assert len(_tables(config)["source"]) > 300
    assert run(config, "check").returncode == 0


def test_an_export_replaces_nothing_but_a_list(config: Path) -> None:
    """Not feeds.toml, not the database, which are next to it."""
    run(config, "ingest")
    before = config.read_bytes()
    for name in ("feeds.toml", "aggregator.db"):
        refused = run(config, "export", str(config.parent / name))
        assert refused.returncode == 2
        assert "exists and is not an OPML file; choose another name." in refused.stderr
    assert config.read_bytes() == before
    assert run(config, "doctor").returncode == 0
    for _ in range(2):
        assert run(config, "export", str(config.parent / "list.opml")).returncode == 0
    for place in ("nowhere/list.opml", "feeds.toml/list.opml"):
        refused = run(config, "export", str(config.parent / place))
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "Cannot write" in refused.stderr


def test_feeds_in_entities(config: Path) -> None:
    """They are not expanded, which is said."""
    bomb = """<!DOCTYPE opml [<!ENTITY x '<outline xmlUrl="https://x.example/feed"/>'>]>
<opml version="2.0"><body>&x;&x;</body></opml>"""
    refused = _import(config, bomb)
    assert refused.returncode == 2
    assert "Its feeds are in entities of a DTD, which are not expanded." in refused.stderr
