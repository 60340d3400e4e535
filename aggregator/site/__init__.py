"""The public site: what is at which URL, for the web server and the static export.

    path, query string --find--> Resource (its scopes, how to build it) --build--> Document

    routes     the one table of routes; PublicSite reads it
    params     query parameters: ?before= ?lang= ?limit= ?q= ?since= ?theme= ?without=
    feeds      which stories are in which public list
    front_page, topic_reasons   what is on the home page; why a story is where it is
    resources  what is at a URL, and which lists it depends on
    builders, file_builders   how its document is made
    document   the types Document and Resource
    cache      documents by revision, in memory
    export     documents as files

A Document depends on the store and feeds.toml, never on the request or the clock, so it stays valid
until the revision of one of its scopes changes.
"""

from aggregator.site.document import Document, Resource
from aggregator.site.params import NO_PARAMS, FeedParams, parse_query_string
from aggregator.site.routes import ROUTES, PublicSite, Route

__all__ = [
    "NO_PARAMS", "ROUTES", "Document", "FeedParams", "PublicSite", "Resource", "Route",
    "parse_query_string",
]  # fmt: skip
