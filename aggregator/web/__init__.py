"""Flask around `site`: HTTP, and nothing else.

    server            uvicorn in this process
    connections       deadlines and limits of connections
    front             the ASGI application: bodies, threads, limits per client
    clients           whom a request counts for
    wsgi              the application; responds from the cache before Flask is involved
    http              responses as values: status, headers, body
    health            /healthz
    hub_views         POST /hub (WebSub 5)
    subscriber_views  /websub/<token>, which hubs call (WebSub 5.3, 7)

A view parses the request, looks up one thing and responds. Documents are built once per change, not
once per request, and have strong ETags.
"""

from aggregator.web.wsgi import WsgiApp, create_app

__all__ = ["WsgiApp", "create_app"]
