"""Which document stands at which public path; for the web server and the static export alike.

    path, parameters --asked--> Asked --find--> Place (scopes, how to make it) --make--> Document

A Document is a function of what the store holds and of feeds.toml, never of the request or
the clock, so whoever keeps one under its place's revision need not make it again.
"""

from aggregator.edition.asking import Asked, parameters
from aggregator.edition.documents import Document, Place, file_of
from aggregator.edition.edition import Edition

__all__ = ["Asked", "Document", "Edition", "Place", "file_of", "parameters"]
