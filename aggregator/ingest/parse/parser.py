"""Parse a feed of any format, as given: nothing is cleaned or rejected.

    Fetched --JSON?--> json: JSON Feed
            --else---> xml: RSS, RDF, Atom, CDF

No content raises an exception: a body that is not a feed is `Failed`.
"""

from dataclasses import replace

from aggregator.ingest.parse.charset import to_utf8
from aggregator.ingest.parse.field_limits import with_limits
from aggregator.ingest.parse.json import parse_json
from aggregator.ingest.parse.limits import is_json
from aggregator.ingest.parse.values import join_sentences
from aggregator.ingest.parse.xml import parse_xml
from aggregator.model import Failed, FailureKind, Fetched, ParsedFeed

__all__ = ["parse"]


def parse(fetched: Fetched, *, is_fast: bool = True) -> ParsedFeed | Failed:
    """Parse a feed of any format; without `is_fast`, XML by feedparser alone, to compare both."""
    fetched = to_utf8(fetched)
    if not fetched.body.strip(b"\x00\t\r\n\xef\xbb\xbf "):
        error = "The feed is empty: the response has no content."
        return Failed(kind=FailureKind.NOT_A_FEED, error=error, status=fetched.status)
    parsed = parse_json(fetched) if is_json(fetched.body) else parse_xml(fetched, is_fast=is_fast)
    if isinstance(parsed, Failed):
        return parsed
    if fetched.note:
        problem = join_sentences(fetched.note, parsed.problem)
        parsed = replace(parsed, problem=problem)
    return with_limits(parsed)
