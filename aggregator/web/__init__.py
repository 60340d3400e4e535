"""Flask around the Edition: HTTP, and nothing else.

A view parses the request, asks for one place and answers. Documents are made once per
change, not once per request: they are kept under the revision of their scope, with their
compressed form. Every answer comes with a strong ETag.
"""

from aggregator.web.wsgi import create_app

__all__ = ["create_app"]
