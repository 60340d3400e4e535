"""A feed aggregator and publisher for independent newsrooms.

The pipeline, and where its parts are (`docs/design.md` has the layers)::

    in    ingest/    fetch | parse | match known entries | clean | dedupe | categorize
          store/     save, in one transaction
    out   site/      route -> list of stories
          render/    list of stories -> document
          web/       document -> HTTP

    model/ text/ query/ errors    types, helpers and the query language, which all of them use
    config/                       feeds.toml and the environment -> Config
    websub/                       push: our hub, and our subscriptions to others
    startup, app, site_app        feeds.toml -> Config -> Runtime, or the site
    scheduler                     the loop of the daemon
    cli/ demo/                    commands; outlets on loopback to try it with

The names below are the public API, loaded when they are first used; `docs/library.md` shows how
they fit together.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aggregator.app import ingest_once
    from aggregator.config import Config
    from aggregator.errors import AggregatorError
    from aggregator.model import RunReport
    from aggregator.site_app import create_wsgi_app, render_topic
    from aggregator.startup import load_config
    from aggregator.store import Store, open_store

__all__ = [
    "AggregatorError", "Config", "RunReport", "Store", "__version__", "create_wsgi_app",
    "ingest_once", "load_config", "open_store", "render_topic",
]  # fmt: skip

__version__ = "0.2.0"

_MODULES = {
    "AggregatorError": "aggregator.errors",
    "Config": "aggregator.config",
    "RunReport": "aggregator.model",
    "Store": "aggregator.store",
    "create_wsgi_app": "aggregator.site_app",
    "ingest_once": "aggregator.app",
    "load_config": "aggregator.startup",
    "open_store": "aggregator.store",
    "render_topic": "aggregator.site_app",
}


def __getattr__(name: str) -> object:
    """A public name, loaded when it is first used (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
