"""Mistakes in the text of feeds.toml: the sentence names the mistake and how to mend it."""

from pathlib import Path

import pytest

from aggregator.config.loader import parse_config, read_config_file
from aggregator.errors import ConfigError

SITE = '[site]\ntitle = "T"\nurl = "https://t.example"\n'
TOPIC = '[[topic]]\nid = "t"\ntitle = "T"\n'

MISTAKES = [
    ("a key twice", f'{SITE}title = "U"\n',
     "line 4: title is given twice in this table, first on line 2; remove one of them"),
    ("a table twice", SITE + SITE, "line 4: [site] is declared twice; merge the two tables"),
    ("curly quotes", "[site]\ntitle = “T”\n",
     'line 2: contains typographic quotation marks (“ ”); use straight ones (" ")'),
    ("German quotes", "[site]\ntitle = „T“\n", "line 2: contains typographic quotation marks"),
    ("no closing quote", '[site]\ntitle = "T\n',
     "line 2: a quotation mark is opened but not closed on this line"),
    ("a colon", "[site]\ntitle: T\n",
     "line 2: found 'title: T', expected title = …, with an equals sign"),
    ("no quotes", "[site]\ntitle = News\n",
     'line 2: the value of title needs quotation marks: "News"'),
    ("True", f"{SITE}notice = True\n",
     "line 4: found 'True', expected true or false, in lower case"),
    ("two values", '[site]\ntitle = "T" "U"\n', "line 2: unexpected text after the value"),
    ("a time without quotes", f"{SITE}[defaults]\nmin_interval = 15m\n",
     'line 5: the value of min_interval needs quotation marks: "15m"'),
    ("a rule without single quotes", f'{SITE}{TOPIC}match = "drug war" OR fentanyl\n',
     'line 7: a rule that contains " must be in single quotation marks: match = \'"drug war" OR '
     "fentanyl'"),
    ("a rule in two kinds of quotes", f'{SITE}{TOPIC}match = ""drug war" OR coup"\n',
     'line 7: a rule that contains " must be in single quotation marks: match = \'"drug war" OR '
     "coup'"),
    ("an apostrophe in a rule", f"{SITE}{TOPIC}match = 'workers' rights'\n",
     "a rule that contains ' must be in three quotation marks: match = '''workers' rights'''"),
    ("half a pair of quotes", f'{SITE}notice = Outlet A"\n',
     'line 4: the value of notice needs quotation marks: "Outlet A"'),
    ("a zero before a number", f"{SITE}[fetch]\nconcurrency = 010\n",
     "line 5: a number must not begin with 0: concurrency = 10"),
    ("a space from a web page", f'{SITE}notice\u00a0= "x"\n',
     "line 4: contains an invisible character (no-break space); type the line again"),
    ("a comment of another language", f"{SITE}// hi\n", "line 4: a comment begins with #"),
    ("one bracket", f'{SITE}[source]\nid = "a"\n[source]\n',
     "line 6: write [[source]], with two brackets, for each source"),
    ("a table on several lines", f'{SITE}[[source]]\ntags = {{\n "x" = "t",\n}}\n',
     "a table in { } must be on one line"),
    ("several lines from a word processor", f"{SITE}notice = “a”\n[[topic]]\nid = „t“\n",
     "line 6: contains typographic quotation marks"),
    ("another mistake", "[site\n", "line 1: is not valid TOML: Expected ']'"),
    ("the end", '[site]\ntitle = """T\n', "is not valid TOML"),
    ("a time without a unit", f"{SITE}[fetch]\ntimeout = 15\n",
     'line 5: fetch.timeout: found 15, expected a time such as "90s", "15m", "2h" or "1d", in '
     "quotation marks"),
    ("a number that is none", f'{SITE}[fetch]\nconcurrency = "15"\n',
     "line 5: fetch.concurrency: found '15', expected a whole number"),
    ("a star in a phrase", f"{SITE}{TOPIC}match = '\"fossil fuel*\"'\n",
     'a phrase cannot contain *; write each form as a phrase and join them with OR'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sentence"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES]
)
def test_a_mistake(text: str, sentence: str, tmp_path: Path) -> None:
    """With the line that it is in."""
    with pytest.raises(ConfigError) as error:
        parse_config(text, tmp_path / "feeds.toml", {})

    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("encoding", "sentence"),
    [("utf-16", 'line 1: is UTF-16 text, which Notepad calls "Unicode"; save it as UTF-8'),
     ("cp1252", "line 2: is not UTF-8 text but probably Windows-1252"),
     ("utf-8-sig", "")],
)  # fmt: skip
def test_a_file_of_notepad(encoding: str, sentence: str, tmp_path: Path) -> None:
    """A byte order mark and Windows' line ends are read; other encodings are named."""
    file = tmp_path / "feeds.toml"
    text = SITE.replace('"T"', '"Café"').replace("\n", "\r\n")
    file.write_bytes(text.encode(encoding))

    if not sentence:
        assert read_config_file(file, {}).site.title == "Café"
        return
    with pytest.raises(ConfigError) as error:
        read_config_file(file, {})
    assert sentence in str(error.value)


def test_one_feed_under_two_ids(tmp_path: Path) -> None:
    """Whatever its spelling; a source that is switched off does not count."""
    table = '[[source]]\nid = "{}"\nname = "A"\nfeed = "{}"\nsite = "https://a.example/"\n'
    first = table.format("a", "https://a.example/feed")
    again = table.format("b", "http://www.a.example/feed/")

    for switch, expected in (("", 1), ("enabled = false\n", 0)):
        read = parse_config(SITE + first + again + switch, tmp_path / "feeds.toml", {})
        found = [str(issue) for issue in read.warnings if "is also the feed of 'a'" in str(issue)]
        assert len(found) == expected, read.warnings
