"""Validation of our feeds with standard validators, on all feeds of shared/data.

    every real feed, and every series of snapshots --ingest--> store --publish--> files
    files --W3C feed validator at AA | the grammar of RFC 4287 | the schema of JSON Feed--> issues

The validators are in a folder outside the project: `feedvalidator`, a clone of
github.com/w3c/feedvalidator, and `venv` with its requirements.txt; `atom.rnc`, the grammar
of RFC 4287, Appendix B, for Debian's `jing`; and `node_modules` with the npm packages
jsonfeed-schema and ajv 6.
"""

import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aggregator.config import Config, parse_config
from aggregator.ingest.parse.parser import parse
from aggregator.model import ALL, Fetched, ParsedFeed, Validators
from aggregator.render.formats import FORMATS
from aggregator.site import NO_PARAMS, FeedParams, PublicSite
from aggregator.site.export_files import export_file_name
from aggregator.store import Store, open_store
from benchmarks.inline import open_ingest
from benchmarks.stories import SHARED

__all__ = ["check_feeds"]

NOW = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)
FEEDS = SHARED / "data" / "feeds" / "real"
REPLAY = SHARED / "data" / "replay"

URL = "https://commons.example"
CONFIG = f"""
[site]
title = "The Commons"
url = "{URL}"
description = "News from independent outlets."
[publish]
credit_line = "First published by {{outlet}}. {{license}}"
hub = "self"
[[topic]]
id = "courts"
title = "Courts & prisons"
match = "court OR judge OR prison OR police"
[[topic]]
id = "work"
title = "Work"
match = "work OR strike OR union OR wage"
"""

_W3C = """
import sys, json
sys.path.insert(0, sys.argv[1])
import feedvalidator
from feedvalidator import compatibility
for line in sys.stdin.read().splitlines():
    name, _, base = line.partition('\t')
    text = open(name, 'rb').read()
    try:
        events = feedvalidator.validateString(text, firstOccurrenceOnly=1, base=base)
        events = events['loggedEvents']
    except feedvalidator.logging.ValidationFailure as failure:
        events = [failure.event]
    for event in compatibility.AA(events):
        kind = 'error' if isinstance(event, feedvalidator.logging.Error) else 'warning'
        print(json.dumps([name, kind, type(event).__name__, str(event.params)[:200]]))
"""

_SCHEMA = """
const Ajv = require('ajv'), fs = require('fs');
const check = new Ajv({unknownFormats: 'ignore', schemaId: 'auto'})
    .compile(require('jsonfeed-schema/v1.1'));
for (const name of fs.readFileSync(0, 'utf8').trim().split('\\n'))
    if (!check(JSON.parse(fs.readFileSync(name))))
        console.log(JSON.stringify(
            [name, 'error', 'schema', JSON.stringify(check.errors).slice(0, 200)]));
"""

ON_REQUEST = [
    (f"{path}.{extension}", params)
    for extension in FORMATS
    for path, params in (
        ("/topics/courts+work", FeedParams(limit=20)),
        ("/search", FeedParams(q='police OR tag:"R & D" OR "work"', excluded_sources=("real-1",))),
        (
            "/topics/courts+work",
            FeedParams(language="en", limit=9, excluded_sources=("real-1", "real-2")),
        ),
    )
]
"""Feeds that are not exported but only built on request."""

Issue = Sequence[str]
"""A file, "error" or "warning", the kind of issue, and details."""


def check_feeds(validators: Path) -> None:
    """Print how many files of each format were checked, with all errors and warnings."""
    with tempfile.TemporaryDirectory() as folder:
        files = _publish(Path(folder))
        checked = Counter(file.suffix for file in files)
        print(", ".join(f"{count} {suffix}" for suffix, count in sorted(checked.items())))
        issues = list(_validate(files, validators))
        for kind, count in Counter((issue[1], issue[2]) for issue in issues).most_common():
            example = next(issue for issue in issues if (issue[1], issue[2]) == kind)
            file = Path(example[0]).relative_to(folder)
            print(f"{count:5} × {kind[0]} {kind[1]}: {example[3]} in {file}")
        print(f"{len(issues)} errors and warnings.")


def _validate(files: Mapping[Path, str], validators: Path) -> Iterator[Issue]:
    def of(*suffixes: str) -> list[str]:
        return [str(file) for file in files if file.suffix in suffixes]

    with_urls = [f"{name}\t{files[Path(name)]}" for name in of(".rss", ".atom", ".opml")]

    w3c = [
        str(validators / "venv" / "bin" / "python"), "-W", "ignore",
        "-c", _W3C, str(validators / "feedvalidator" / "src"),
    ]  # fmt: skip
    yield from _run_validator(w3c, with_urls, validators)
    yield from _run_validator(["node", "-e", _SCHEMA], of(".json"), validators)
    jing = subprocess.run(
        ["jing", "-c", str(validators / "atom.rnc"), *of(".atom")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    for line in jing.stdout.splitlines():
        name, _, message = line.partition(".atom:")
        yield f"{name}.atom", "error", "grammar", message


def _run_validator(command: Sequence[str], names: Sequence[str], folder: Path) -> Iterator[Issue]:
    run = subprocess.run(
        command, input="\n".join(names), capture_output=True, text=True, check=True, cwd=folder
    )
    yield from map(json.loads, run.stdout.splitlines())


def _publish(folder: Path) -> dict[Path, str]:
    """Write every feed and list of a site with all real feeds; return the files and URLs."""
    files: dict[Path, str] = {}
    with closing(open_store(folder / "news.db")) as store:
        config = _ingest_all(folder, store)
        store.lists.archive(50, NOW)
        for number, story in enumerate(store.lists.latest(ALL, 200)):
            if number % 20 == 0:
                store.stories.take_down(story.id, "to check its tombstone", NOW)
        site = PublicSite(config, store)
        lists = [path for path in site.paths() if not export_file_name(path).endswith(".html")]
        for path, params in [*((path, NO_PARAMS) for path in lists), *ON_REQUEST]:
            name = export_file_name(path)
            resource = site.find(path, params)
            document = resource.build() if resource else None
            if resource and document and document.status == 200 and not document.redirect_to:
                file = folder / name if params == NO_PARAMS else folder / f"{len(files)}" / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(document.body)
                files[file] = f"{URL}{resource.path}"
    return files


def _ingest_all(folder: Path, store: Store) -> Config:
    """Ingest all real feeds, and all snapshots in order of time."""
    single = {f"real-{number}": path for number, path in enumerate(sorted(FEEDS.iterdir()))}
    snapshots = sorted(REPLAY.glob("*/*.xml"), key=lambda path: path.name)
    if not snapshots:
        raise SystemExit(f"The feeds are missing; they are expected in {SHARED}.")
    series = {path.parent.name for path in snapshots}
    config = parse_config(
        CONFIG + "".join(map(_source_table, [*single, *sorted(series)])), folder / "feeds.toml", {}
    )
    sources = {source.id: source for source in config.all_sources}
    store.sources.sync(config.all_sources, NOW)
    documents = [
        (id_, path, NOW + timedelta(minutes=number))
        for number, (id_, path) in enumerate(single.items())
    ]
    documents += [(path.parent.name, path, _time_of(path)) for path in snapshots]
    with open_ingest(store, sources, config.topics) as ingest:
        for id_, path, now in documents:
            parsed = parse(_fetched(path))
            if isinstance(parsed, ParsedFeed):
                ingest(sources[id_], parsed.entries, now)
    return config


def _source_table(id_: str) -> str:
    return (
        f'[[source]]\nid = "{id_}"\nname = "Outlet & {id_}"\nfeed = "https://{id_}.example/feed"\n'
        f'site = "https://{id_}.example/"\nshow = "full"\nlicense = "CC BY 4.0"\n'
        'license_url = "https://creativecommons.org/licenses/by/4.0/"\n'
        f'counter = "https://{id_}.example/count.gif?of={{link}}&id={{id}}"\n'
    )


def _time_of(path: Path) -> datetime:
    return datetime.strptime(path.stem, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _fetched(path: Path) -> Fetched:
    kind = "application/json" if path.suffix == ".json" else "application/xml"
    return Fetched(
        url=f"https://{path.stem}.example/feed", status=200, content_type=kind,
        body=path.read_bytes(), validators=Validators(),
    )  # fmt: skip
