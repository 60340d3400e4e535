"""The web app manifest (W3C), which lets a phone put the site on its home screen."""

import json

from aggregator.model import Site
from aggregator.render.public_urls import PublicUrls

__all__ = ["web_manifest"]


def web_manifest(site: Site) -> bytes:
    """The manifest of the site."""
    urls = PublicUrls(site.url)
    document = {
        "name": site.title,
        "short_name": site.title,
        "description": site.description,
        "lang": site.language,
        "start_url": urls.page("/"),
        "scope": urls.page("/"),
        "display": "minimal-ui",
        "background_color": "#fcfbf8",
        "theme_color": "#fcfbf8",
        "icons": [
            {"src": urls.page("/favicon.svg"), "sizes": "any", "type": "image/svg+xml"},
            {"src": urls.page("/apple-touch-icon.png"), "sizes": "180x180", "type": "image/png"},
        ],
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()
