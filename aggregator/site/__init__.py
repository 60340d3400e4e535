"""Which document stands at which public path; for the web server and the static export alike.

    path, parameters --asked--> Asked --find--> Place (scopes, how to make it) --make--> Document

A Document is a function of what the store holds and of feeds.toml, never of the request or
the clock, so whoever keeps one under its place's revision need not make it again.
"""

from aggregator.site.document import Document, Resource, export_file_name
from aggregator.site.params import FeedParams, parse_query_string
from aggregator.site.routes import PublicSite

__all__ = [
    "Document",
    "FeedParams",
    "PublicSite",
    "Resource",
    "export_file_name",
    "parse_query_string",
]
