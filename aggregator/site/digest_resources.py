"""The resources of the digest at public URLs, and what they depend on."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date

from aggregator.model import ALL, DIGESTS, ListScope
from aggregator.site.digest_pages import DigestBuilder
from aggregator.site.document import Document, Resource
from aggregator.site.resources import Request, SiteContext

__all__ = ["digest_issues", "digest_resource", "issue_paths", "issue_resource"]

MAX_ISSUES = 100_000
"""Issues in an export: of 270 years."""


def digest_issues(_site: SiteContext, _values: Mapping[str, str]) -> tuple[ListScope, ...]:
    """The issues of the digest in the archive, and all stories."""
    return (DIGESTS, ALL)


def digest_resource(
    build: Callable[[DigestBuilder], Document],
) -> Callable[[SiteContext, Request], Resource | None]:
    """A page or feed about the digest, if there is one."""

    def resource(site: SiteContext, request: Request) -> Resource | None:
        if not site.config.site.has_digest:
            return None
        digest = site.builder.digest
        return Resource(path=request.path, scopes=request.scopes, build=lambda: build(digest))

    return resource


def issue_resource(site: SiteContext, request: Request) -> Resource | None:
    """The page of an issue of the digest."""
    try:
        day = date.fromisoformat(request.values["day"])
    except ValueError:
        return None
    digest = site.builder.digest
    return Resource(path=request.path, scopes=request.scopes, build=lambda: digest.issue(day))


def issue_paths(site: SiteContext) -> Iterator[str]:
    """The paths of all issues of the digest."""
    return (f"/digest/{issue.day}" for issue in site.store.digest.archived(MAX_ISSUES))
