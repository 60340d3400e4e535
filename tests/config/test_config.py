"""feeds.toml: valid files are read, and every problem is named with its line."""

from pathlib import Path

import pytest

from aggregator.config import Config, parse_config, read_config_file
from aggregator.config.key_lines import KeyLocations
from aggregator.errors import ConfigError

VALID_CONFIG = """\
[site]
title = "T"
url = "https://t.example/"

[defaults]
show = "title"
min_interval = "5m"

[[topic]]
id = "labor"
title = "Labor"
match = 'strike'

[[source]]
id = "a"
name = "A"
feed = "https://a.example/feed"
site = "https://a.example/"
topics = ["labor"]
tags = { Work = "labor" }

[[source]]
id = "b"
name = "B"
feed = "https://b.example/feed"
site = "https://b.example/"
show = "full"
enabled = false
headers = { X-Key = "B_KEY" }
"""


def _read(text: str, **environment: str) -> Config:
    return parse_config(text, Path("/news/feeds.toml"), environment)


def _issues(text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        _read(text)
    return [str(issue) for issue in error.value.issues]


def test_a_valid_file_is_read() -> None:
    """Sources inherit the defaults unless they override them."""
    read = _read(VALID_CONFIG, B_KEY="x")

    a, b = read.all_sources
    assert (a.show, a.min_interval, a.topics, dict(a.tags)) == (
        "title", 300, ("labor",), {"Work": "labor"},
    )  # fmt: skip
    assert (b.show, b.min_interval) == ("full", 300)
    assert read.sources == (a,)  # b is disabled
    assert read.site.url == "https://t.example"
    assert read.database == Path("/news/aggregator.db")
    assert read.warnings == ()


def test_the_environment_overrides_the_database() -> None:
    """AGGREGATOR_DATABASE takes precedence over [storage]."""
    text = f'{VALID_CONFIG}\n[storage]\ndatabase = "x.db"\n'

    assert _read(text).database == Path("/news/x.db")
    assert _read(text, AGGREGATOR_DATABASE="/var/y.db").database == Path("/var/y.db")


def test_a_missing_secret_is_a_warning() -> None:
    """A missing secret affects only its own source, so the others may start."""
    (warning,) = _read(VALID_CONFIG).warnings

    assert str(warning) == (
        "line 29: source.headers.X-Key: the environment variable B_KEY is not set"
    )


OUT_OF_BOUNDS = [
    ("[defaults]\nmax_new = 0", "line 5: defaults.max_new: found 0, expected 1 or more"),
    ("[fetch]\nports = [0]", "line 5: fetch.ports: found 0, expected 1 or more"),
    ("[fetch]\nports = [80, 65536]", "found 65536, expected 65,535 or less"),
    ("[publish]\nhost = 'nonsense..x'", "expected an address to listen on"),
    ('[[source]]\nid = "a"\nname = "A"\nsite = "https://a.example/"\nfeed = "https://a..b/"',
     "expected a complete address"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), OUT_OF_BOUNDS)
def test_a_value_out_of_bounds_is_reported(text: str, sentence: str) -> None:
    """The error says which values are accepted."""
    with pytest.raises(ConfigError) as caught:
        _read(f'[site]\ntitle = "T"\nurl = "https://t.example"\n{text}\n')

    assert sentence in str(caught.value)


def test_a_port_that_is_not_allowed_is_a_warning() -> None:
    """The port affects only its own source; an allowed network has all ports."""
    head = '[site]\ntitle = "T"\nurl = "https://t.example"\n'
    table = '[[source]]\nid = "a"\nname = "A"\nsite = "https://a.example/"\nfeed = "{}"\n'

    (warning,) = _read(head + table.format("https://a.example:8443/f")).warnings

    assert str(warning).startswith("line 8: source.feed: port 8443 is not allowed; to allow it")
    allowed = '[fetch]\nallow_private = ["10.0.0.0/8"]\nports = [80, 8443]\n'
    for feed in ("https://a.example:8443/f", "http://10.1.1.1:99/f", "http://a.example/f"):
        assert _read(head + allowed + table.format(feed)).warnings == ()


def test_a_boost_in_a_rule_is_a_warning() -> None:
    """A boost has no effect, so the operator is warned; stems are of the site's language."""
    head = '[site]\ntitle = "T"\nurl = "https://t.example"\nlanguage = "pt-BR"\n'
    table = '[[topic]]\nid = "a"\ntitle = "A"\nstem = true\nmatch = \'drug^2\'\n'

    read = _read(head + table)

    (warning,) = read.warnings
    assert str(warning) == "line 9: topic.match: character 1: a boost (^) has no effect"
    assert read.topics[0].stem == "pt"


def test_a_secret_in_a_url_is_a_warning() -> None:
    """The URL of a feed is published, and so would be its token (FreshRSS GHSA-rpmm)."""
    text = VALID_CONFIG.replace(
        "https://a.example/feed", "https://a.example/feed?user=1&api_token=x"
    )
    harmless = VALID_CONFIG.replace("https://a.example/feed", "https://a.example/feed/@a?lang=en")

    (_, warning) = _read(text).warnings
    assert str(warning).startswith("line 17: source.feed: seems to contain a secret")
    assert len(_read(harmless).warnings) == 1
    assert not _read(harmless).all_sources[0].is_private


INVALID_CONFIGS = [
    ("an unknown key", 'bogus = 1\n', "line 1: bogus: there is no such key; known keys: alerts, defaults, desk"),
    ("a misspelt key", '[site]\ntitel = "x"\n', "line 2: site.titel: there is no such key; did you mean 'title'?"),
    ("a missing key", '[site]\ntitle = "x"\n', "line 1: site.url: is missing; Public address"),
    ("a missing table", "", "site: is missing"),
    ("a wrong choice", '[defaults]\nshow = "exerpt"\n', "found 'exerpt', expected one of 'title', 'excerpt', 'full'; did you mean 'excerpt'?"),
    ("a wrong choice of another key", '[defaults]\ndedupe = "none"\n', "found 'none', expected one of 'off', 'address', 'text'"),
    ("a wrong type", '[publish]\nport = "80"\n', "line 2: publish.port: found '80', expected a whole number"),
    ("a number out of bounds", "[publish]\nport = 99999\n", "line 2: publish.port: found 99999, expected 1 to 65,535"),
    ("an address without scheme", '[site]\nurl = "t.example"\n', "expected a complete address"),
    ("an unknown topic", '[[source]]\ntopics = [\n "labr",\n]\n[[topic]]\nid = "labor"\n', "line 2: source.topics: there is no topic 'labr'; did you mean 'labor'?"),
    ("an unknown topic of a tag", '[[source]]\n[source.tags]\nWork = "labr"\n', "line 3: source.tags.Work: there is no topic 'labr'"),
    ("an id used twice", '[[topic]]\nid = "x"\n[[topic]]\nid = "x"\n', "line 4: topic.id: 'x' is already used on line 2"),
    ("a rule that does not parse", "[[topic]]\nmatch = 'a AND (b'\n", "line 2: topic.match: found 'a AND (b', expected a rule"),
    ("a language without a stemmer", '[[topic]]\nlanguage = "la"\nstem = true\n', "line 3: topic.stem: there is no stemmer for 'la', only for ar, ca"),
    ("a licence without its name", '[defaults]\nlicense = "X"\n[[source]]\nlicense_url = "https://l.example/"\n', "line 4: source.license_url: needs license too"),
    ("uncut without the full text", '[[source]]\nuncut = true\n', 'line 2: source.uncut: needs show = "full"'),
    ("a counter without the full text", '[[source]]\nshow = "title"\ncounter = "https://c.example/1.gif"\n', 'line 3: source.counter: needs show = "full"'),
    ("a counter with an unknown placeholder", '[[source]]\ncounter = "https://c.example/{url}"\n', 'with no placeholders but "{link}" and "{id}"'),
    ("a credit line without the outlet", '[publish]\ncredit_line = "Thank you."\n', 'a line that contains "{outlet}"'),
    ("a former id that is taken", '[[topic]]\nid = "a"\n[[topic]]\nid = "b"\nwas = ["a"]\n', "line 5: topic.was: 'a' is the id of a topic"),
    ("a former id of two topics", '[[topic]]\nwas = ["x"]\n[[topic]]\nwas = ["x"]\n', "line 4: topic.was: 'x' is a former id of another topic"),
    ("a hub that is not ours", '[publish]\nhub = "https://h.example/"\n', "found 'https://h.example/', expected one of 'self'"),
    ("a bad network", '[fetch]\nallow_private = ["10.0.0.0/99"]\n', "line 2: fetch.allow_private: found '10.0.0.0/99'"),
    ("intervals the wrong way round", '[defaults]\nmin_interval = "2d"\n', "line 2: defaults.min_interval: min_interval is longer"),
    ("mail without a server", '[alerts]\nmail = ["a@b.example"]\n', "line 2: alerts.mail: needs the table [mail]"),
    ("a header that is believed of nobody", '[desk]\nuser_header = "X-User"\n', "line 2: desk.user_header: needs [publish] trusted_proxies"),
    ("half a login", '[mail]\nhost = "m.example"\nsender = "a@b.example"\nuser = "U"\n', "line 4: mail.user: needs password too"),
    ("a password without encryption", '[mail]\nhost = "m.example"\nsecurity = "none"\nuser = "U"\npassword = "P"\n', "line 3: mail.security: would send the password unencrypted"),
    ("a password in the file", '[mail]\npassword = "hunter2"\n', "line 2: mail.password: found a value (not shown), expected the NAME"),
    ("a webhook in the file", '[alerts]\nwebhook = "https://hooks.example/T0/secret"\n', "line 2: alerts.webhook: found a value (not shown), expected the NAME"),
    ("a sender without an address", '[mail]\nsender = "The Commons"\n', 'line 2: mail.sender: found \'The Commons\', expected an address such as'),
    ("two senders", '[mail]\nsender = "a@b.example, c@d.example"\n', "expected an address such as"),
    ("a sender with an open bracket", '[mail]\nsender = "News <a@b.example"\n', "expected an address such as"),
    ("a line break in an address", '[alerts]\nmail = ["a@b.example\\nBcc: c@d.example"]\n', "expected an address such as"),
    ("an unknown kind of alert", '[alerts]\nignore = ["quite"]\n', "did you mean 'quiet'?"),
    ("bounces without an address", '[mail]\nhost = "m.example"\nsender = "a@b.example"\nbounce_maildir = "b"\n', "line 4: mail.bounce_maildir: needs bounces too"),
    ("bounces without a login", '[mail]\nhost = "m.example"\nsender = "a@b.example"\nbounces = "b@b.example"\nbounce_imap = "i.example"\n', "line 5: mail.bounce_imap: needs bounce_user too"),
    ("half a signature", '[mail]\nhost = "m.example"\nsender = "a@b.example"\ndkim_key = "K"\n', "line 4: mail.dkim_key: needs dkim_selector too"),
    ("a selector that is no name", '[mail]\ndkim_selector = "a b"\n', 'expected a name such as "news2026"'),
    ("an hour that no day has", "[digest]\nhour = 24\n", "line 2: digest.hour: found 24"),
    ("another day", '[digest]\nweekday = "caturday"\n', "line 2: digest.weekday: found 'caturday'"),
    ("another encryption", '[mail]\nsecurity = "ssl"\n', "expected one of 'starttls', 'tls', 'none'"),
    ("a time without a unit", '[fetch]\ntimeout = "30"\n', 'expected a time such as "90s"'),
    ("a login in an address", '[site]\nurl = "https://me:pw@t.example"\n', "expected an address without a login"),
    ("a site with a query", '[site]\nurl = "https://t.example/?x"\n', "without ?, # or //"),
    ("a string in place of a table", 'site = "x"\n', "line 1: site: found 'x', expected a table"),
    ("a number too large", "[defaults]\nprecedence = 9223372036854775808\n", "expected -1,000 to 1,000"),
    ("a control character in an address", '[site]\nurl = "http://t.example\\u0000/"\n', "expected a complete address"),
    ("invalid TOML", "[site\n", "line 1: is not valid TOML"),
    ("a control character", '[site]\ntitle = "a\\u0007"\n', "without control characters"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "complaint"), [c[1:] for c in INVALID_CONFIGS], ids=[c[0] for c in INVALID_CONFIGS]
)
def test_a_problem_is_explained(text: str, complaint: str) -> None:
    """A problem is named with its line, its key, what was found and what is accepted."""
    assert any(complaint in issue for issue in _issues(text)), _issues(text)


def test_all_problems_are_reported_at_once() -> None:
    """All problems are reported, so that nobody has to correct one line at a time."""
    text = "".join(
        text for _, text, _ in INVALID_CONFIGS[1:3] + INVALID_CONFIGS[4:5] + INVALID_CONFIGS[11:13]
    )

    issues = _issues(text.replace('[site]\ntitle = "x"\n', ""))

    assert len(issues) >= 5


def test_secrets_are_not_repeated() -> None:
    """A secret in place of a variable's name is not repeated in the error."""
    text = f"{VALID_CONFIG}basic_auth = 'me:hunter2'\n"

    (issue,) = _issues(text)

    assert "hunter2" not in issue
    assert "NAME of an environment variable" in issue


def test_a_password_in_a_url_is_not_repeated() -> None:
    """A password in a feed's URL is not repeated in the error."""
    (issue,) = _issues(
        VALID_CONFIG.replace("https://a.example/feed", "https://a:hunter2@a.example/f")
    )

    assert "hunter2" not in issue
    assert "basic_auth" in issue


def test_a_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    """Some editors write a byte order mark, which is ignored."""
    (tmp_path / "feeds.toml").write_text(VALID_CONFIG, encoding="utf-8-sig")

    assert len(read_config_file(tmp_path / "feeds.toml", {}).all_sources) == 2


def test_a_file_nested_too_deeply_is_refused() -> None:
    """A file that is nested too deeply is refused with an error of its own."""
    assert _issues("a = " + "[" * 100_000) == ["is nested too deeply"]
    assert _issues("a." * 600 + "b = 1") == ["is nested too deeply"]


def test_a_missing_file_is_explained(tmp_path: Path) -> None:
    """The error for a missing file says how to name another one."""
    with pytest.raises(ConfigError, match="give --config PATH"):
        read_config_file(tmp_path / "feeds.toml", {})


def test_every_key_has_its_line() -> None:
    """The line of a key is known in every notation of TOML."""
    lines = KeyLocations(
        '# comment\na.b = 1\n[t]\nx = """\nmany\nlines"""\ny = [\n 1,\n]\n'
        "[[s]]\nk = {l = 1}\n[s.u]\nv = 1\n[[s]]\nk = 2\n"
    )

    assert lines.line_of(("a", "b")) == 2
    assert lines.line_of(("t", "x")) == 4
    assert lines.line_of(("t", "y", 0)) == 7
    assert lines.line_of(("s", 0, "k", "l")) == 11
    assert lines.line_of(("s", 0, "u", "v")) == 13
    assert lines.line_of(("s", 1, "k")) == 15
    assert lines.line_of(("s", 1, "missing")) == 14
    assert lines.line_of(("nowhere",)) == 0


def test_a_digest_without_a_mail_server_is_said() -> None:
    """It is allowed, since the site can run without, and probably not meant."""
    site = '[site]\ntitle = "T"\nurl = "https://t.example"\n'
    (warning,) = _read(f"{site}[digest]\n").warnings
    assert (warning.key, "nobody can sign up yet" in warning.message) == ("digest", True)
    assert _read(f"{site}[digest]\nsign_up = false\n").warnings == ()


def test_the_feeds_toml_of_this_repository_is_valid() -> None:
    """The file is valid, and has the promised topics."""
    read = read_config_file(Path(__file__).parents[2] / "feeds.toml", {})

    assert len(read.sources) >= 20
    titles = {topic.title for topic in read.topics}
    assert titles >= {"Drug War", "Coups", "Latin America", "Policing", "Labor", "Climate"}
    assert all(topic.match for topic in read.topics)
