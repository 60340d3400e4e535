"""Edits of feeds.toml change only the lines they must, wherever its comments are."""

import difflib
import random
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from aggregator.config import editor
from aggregator.config.key_lines import lines_of
from aggregator.errors import UnknownName, WriteError

FILE = """\
# Our newsroom.
[site]
title = "T"   # the name
url = "https://t.example"

# ---- topics

[[topic]]
id = "labor"
title = "Labor"

# ---- sources

# Ana asked us to wait until May.
[[source]]
id = "a"
name = "A"  # as they want it
feed = "https://a.example/feed"
site = "https://a.example/"
# show = "full"

[[source]]
id = "b"
name = "B"
feed = "https://b.example/feed"
site = "https://b.example/"
topics = ["labor"]
[source.tags]
Work = "labor"  # theirs
"""
SOURCE = {"id": "c", "name": "C", "feed": "https://c.example/f", "site": "https://c.example/"}


def _diff(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that are gone and those that are new."""
    compared = list(difflib.ndiff(lines_of(before), lines_of(after)))
    gone = [line[2:].rstrip("\n") for line in compared if line.startswith("- ")]
    return gone, [line[2:].rstrip("\n") for line in compared if line.startswith("+ ")]


def test_a_source_is_added_after_the_others() -> None:
    """Nothing else changes, and the file reads as if an operator had written it."""
    gone, new = _diff(FILE, editor.add_tables(FILE, "source", [SOURCE]))

    assert gone == []
    assert new == [
        "", "[[source]]", 'id = "c"', 'name = "C"', 'feed = "https://c.example/f"',
        'site = "https://c.example/"',
    ]  # fmt: skip


def test_a_topic_is_added_before_the_sources() -> None:
    """A table is added after the last of its kind, apart from what follows."""
    text = editor.add_tables(
        FILE, "topic", [{"id": "war", "title": "War", "match": 'war OR "cold war"'}]
    )

    assert '\n\n[[topic]]\nid = "war"\ntitle = "War"\nmatch = \'war OR "cold war"\'\n\n#' in text


def test_a_changed_key_keeps_its_comment() -> None:
    """One line changes, and the comment on it stays."""
    gone, new = _diff(FILE, editor.change_table(FILE, "source", "a", {"name": "Ä & co"}))

    assert gone == ['name = "A"  # as they want it']
    assert new == ['name = "Ä & co"  # as they want it']


def test_a_key_is_added_and_removed() -> None:
    """A new key stands after the others of its table, and removing it restores the file."""
    changed = editor.change_table(FILE, "source", "a", {"enabled": False})

    assert _diff(FILE, changed) == ([], ["enabled = false"])
    assert editor.change_table(changed, "source", "a", {"enabled": None}) == FILE


def test_a_table_in_a_source_keeps_its_form() -> None:
    """What is written as [source.tags] stays so."""
    tags = {"Work": "labor", "Jobs": "labor"}

    assert _diff(FILE, editor.change_table(FILE, "source", "b", {"tags": tags})) == (
        [], ['Jobs = "labor"'],
    )  # fmt: skip


def test_a_removed_source_takes_its_comments_along() -> None:
    """A comment above the table and a key commented out are about that source; the heading of the
    section is not."""
    gone, new = _diff(FILE, editor.remove_table(FILE, "source", "a"))

    assert new == []
    assert gone == [
        "# Ana asked us to wait until May.", "[[source]]", 'id = "a"',
        'name = "A"  # as they want it', 'feed = "https://a.example/feed"',
        'site = "https://a.example/"', '# show = "full"', "",
    ]  # fmt: skip


def test_a_rule_is_written_as_operators_write_it() -> None:
    """Several lines are in three quotation marks, and quotation marks are not escaped."""
    rule = 'strike OR\n"general strike"'
    text = editor.change_table(FILE, "topic", "labor", {"match": rule})

    assert "match = '''\nstrike OR\n\"general strike\"'''\n" in text
    assert tomllib.loads(text)["topic"][0]["match"] == rule


def test_a_renamed_topic_is_renamed_wherever_it_is_named() -> None:
    """The former id stays in `was`, so its addresses redirect."""
    tables = tomllib.loads(editor.rename_topic(FILE, "labor", "work"))

    assert tables["topic"][0] == {"id": "work", "title": "Labor", "was": ["labor"]}
    assert tables["source"][1]["topics"] == ["work"]
    assert tables["source"][1]["tags"] == {"Work": "work"}


def test_a_key_of_the_site_is_changed() -> None:
    """Single tables are changed like the others, and added if they are not there."""
    text = editor.change_section(FILE, "site", {"title": "News"})
    text = editor.change_section(text, "publish", {"limit": 20})

    assert 'title = "News"   # the name\n' in text
    assert text.endswith("# theirs\n\n[publish]\nlimit = 20\n")


def test_an_unknown_source_is_named() -> None:
    """A mistyped id gets a suggestion."""
    with pytest.raises(UnknownName, match="There is no source 'aa'"):
        editor.remove_table(FILE, "source", "aa")


def test_sources_in_one_line_are_left_to_a_text_editor() -> None:
    """A file that is written in another way is not rewritten."""
    text = 'source = [{ id = "a", name = "A" }]\n[site]\ntitle = "T"\n'

    with pytest.raises(WriteError, match="text editor"):
        editor.remove_table(text, "source", "a")


def test_windows_line_ends_and_byte_order_marks_stay() -> None:
    """A file from Notepad stays one."""
    text = "\ufeff" + FILE.replace("\n", "\r\n")
    text = editor.add_tables(text, "source", [SOURCE])
    text = editor.change_table(text, "source", "a", {"show": "full", "name": "New"})

    assert text.startswith("\ufeff#")
    assert text.count("\n") == text.count("\r\n")


def test_other_separators_of_lines_are_text() -> None:
    """U+2028 and its like, as word processors leave them in comments, end no line of TOML."""
    text = FILE.replace("Ana asked", "Ana\u2028 asked\x85")
    changed = editor.change_table(text, "source", "b", {"name": "New"})

    assert _diff(text, changed) == (['name = "B"'], ['name = "New"'])


# ---- generated files

COMMENTS = [
    "# plain",
    "    # indented",
    "#",
    "# [[source]]",
    '# id = "x"',
    "# ---- part",
    "# ]]'\"",
    "\t# tab",
]


TOPICS = "topics = [\n  # first\n  'topic-0', # one\n]"


def _noise(rng: random.Random) -> str:
    """Blank lines and comments between two lines."""
    kinds = ["", "", "\n", "\n\n", "   \n"] + [f"{each}\n" for each in COMMENTS]
    return "".join(rng.choice(kinds) for _ in range(rng.randrange(4)))


def _generated(seed: int) -> tuple[str, list[str], list[str]]:
    """A feeds.toml with comments in odd places, and the ids of its sources and topics."""
    rng = random.Random(seed)
    tables: list[tuple[str, list[str]]] = [("[site]", ['title = "T"', 'url = "https://t.example"'])]
    topics = [f"topic-{n}" for n in range(rng.randrange(1, 4))]
    sources = [f"source-{n}" for n in range(rng.randrange(1, 6))]
    tables += [("[[topic]]", _topic(rng, id_)) for id_ in topics]
    tables += [("[[source]]", _source(rng, id_, topics)) for id_ in sources]
    rng.shuffle(tables)
    text = _noise(rng)
    for header, keys in tables:
        text += rng.choice([header, f"{header}  # here", f" {header}"]) + "\n"
        for key in keys:
            is_table = key.startswith("[")
            if rng.random() < 0.5:
                text += _noise(rng)
            end = rng.choice(["", "", "  # why", " #"]) if not is_table and "\n" not in key else ""
            text += f"{rng.choice(['', '', '  '])}{key}{end}\n"
        text += _noise(rng)
    return text, sources, topics


def _topic(rng: random.Random, id_: str) -> list[str]:
    rule = rng.choice(
        ["match = 'strike OR union*'", "match = '''\nstrike OR\n# no comment\n\"x y\"\n'''"]
    )
    keys = [f'title = "{id_.title()}"', rule, "learn = 'off'"]
    rng.shuffle(keys)
    return [f'id = "{id_}"', *keys]


def _source(rng: random.Random, id_: str, topics: list[str]) -> list[str]:
    keys = [
        f'name = "{id_} # no comment"', f'feed = "https://{id_}.example/feed"',
        f"site = 'https://{id_}.example/'",
        rng.choice(["precedence = 1", TOPICS, "uncut=false"]),
    ]  # fmt: skip
    rng.shuffle(keys)
    tags = rng.choice(
        [[], [f"tags = {{ Work = '{topics[0]}' }}"], ["[source.tags]", f"Work = '{topics[0]}'"]]
    )
    return [f'id = "{id_}"', *keys, *tags]


def _plain(text: str, kind: str) -> dict[str, dict[str, Any]]:
    return {table["id"]: table for table in tomllib.loads(text).get(kind, [])}


@pytest.mark.parametrize("seed", range(300))
def test_generated_files_change_only_where_they_must(seed: int) -> None:
    """Add, edit and remove: every line that is not about the edit stays, in its place."""
    text, sources, topics = _generated(seed)
    rng = random.Random(seed + 1)
    id_, topic = rng.choice(sources), rng.choice(topics)
    edits: list[tuple[Callable[[], str], int, int]] = [
        (lambda: editor.add_tables(text, "source", [SOURCE]), 0, 7),
        (lambda: editor.add_tables(text, "topic", [{"id": "new", "title": "New"}]), 0, 5),
        (lambda: editor.change_table(text, "source", id_, {"name": "New"}), 1, 1),
        (lambda: editor.change_table(text, "source", id_, {"enabled": False}), 0, 1),
        (lambda: editor.change_table(text, "topic", topic, {"learn": "suggest"}), 1, 1),
        (lambda: editor.change_table(text, "topic", topic, {"learn": None}), 1, 0),
    ]

    for edit, most_gone, most_new in edits:
        gone, new = _diff(text, edit())
        assert len(gone) <= most_gone, (gone, new)
        assert len(new) <= most_new, (gone, new)


@pytest.mark.parametrize("seed", range(300))
def test_a_table_removed_from_a_generated_file_leaves_the_others(seed: int) -> None:
    """What is left is what was there, line for line; a removed source that is added again is the
    last."""
    text, sources, _ = _generated(seed)
    id_ = random.Random(seed).choice(sources)
    after = editor.remove_table(text, "source", id_)
    gone, new = _diff(text, after)

    assert new == []
    own = [line for line in gone if line.strip() and not line.lstrip().startswith("#")]
    assert sum("[[source]]" in line for line in own) == 1
    assert not any("[[topic]]" in line or "[site]" in line for line in own)
    assert {k: v for k, v in _plain(text, "source").items() if k != id_} == _plain(after, "source")
    again = editor.add_tables(after, "source", [_plain(text, "source")[id_]])
    assert list(_plain(again, "source")) == [*(s for s in _plain(text, "source") if s != id_), id_]
