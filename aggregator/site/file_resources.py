"""The resources of files: one document at one path, some with a parameter."""

from collections.abc import Callable, Iterator, Mapping

from aggregator.model import ALL_STORY_PAGES, ListScope, ThumbnailSize, picture_scope, story_scope
from aggregator.render.page_pictures import picture_path
from aggregator.site.document import Document, Resource
from aggregator.site.file_builders import FileBuilder
from aggregator.site.resources import Request, SiteContext, base_paths, story_paths

__all__ = [
    "embed_css_paths",
    "embed_css_resource",
    "file",
    "list_card_paths",
    "list_card_resource",
    "logo",
    "picture_paths",
    "picture_resource",
    "removed_paths",
    "removed_resource",
    "story_card_paths",
    "story_card_resource",
    "story_itself",
    "thumbnails_of_picture",
]  # fmt: skip


def file(
    build: Callable[[FileBuilder], Document],
) -> Callable[[SiteContext, Request], Resource | None]:
    """The resource of a file."""

    def resource(site: SiteContext, request: Request) -> Resource | None:
        return Resource(path=request.path, scopes=request.scopes, build=lambda: build(site.files))

    return resource


def logo(media_type: str) -> Callable[[SiteContext, Request], Resource | None]:
    """The logo, at the path of its type."""

    def resource(site: SiteContext, request: Request) -> Resource | None:
        build = site.files.logo
        is_there = site.config.theme.logo_type == media_type
        return (
            Resource(path=request.path, scopes=request.scopes, build=lambda: build(media_type))
            if is_there
            else None
        )

    return resource


def embed_css_resource(site: SiteContext, request: Request) -> Resource | None:
    """The stylesheet of the widget's frame, with a colour."""
    params, build = request.params, site.files.embed_css
    path = f"{request.path}{params.query_string}"
    return Resource(path=path, scopes=request.scopes, build=lambda: build(params))


def embed_css_paths(_site: SiteContext) -> Iterator[str]:
    """The path of the stylesheet without a colour."""
    yield "/embed.css"


def removed_resource(site: SiteContext, request: Request) -> Resource | None:
    """The ids of stories that were taken down."""
    params = request.params
    path = f"{request.path}{params.query_string}"
    build = site.files.removed_json
    return Resource(path=path, scopes=request.scopes, build=lambda: build(params))


def removed_paths(_site: SiteContext) -> Iterator[str]:
    """The path of all ids that were taken down."""
    yield "/removed.json"


def thumbnails_of_picture(_site: SiteContext, values: Mapping[str, str]) -> tuple[ListScope, ...]:
    """The thumbnails of a picture; a takedown of a story that has it changes them, too."""
    return (picture_scope(values["picture"]),)


def picture_resource(size: ThumbnailSize) -> Callable[[SiteContext, Request], Resource | None]:
    """The resource of a thumbnail."""

    def resource(site: SiteContext, request: Request) -> Resource:
        build, key = site.files.picture, request.values["picture"]
        return Resource(path=request.path, scopes=request.scopes, build=lambda: build(key, size))

    return resource


def picture_paths(site: SiteContext) -> Iterator[str]:
    """The paths of all thumbnails."""
    for key in site.store.pictures.keys_with_thumbnails():
        yield picture_path(key, "small")
        yield picture_path(key, "large")


def list_card_resource(site: SiteContext, request: Request) -> Resource | None:
    """The card of a list."""
    spec = site.catalog.find(request.values["list"])
    if spec is None or len(spec.scopes) != 1:
        return None
    build = site.files.list_card
    return Resource(path=request.path, scopes=request.scopes, build=lambda: build(spec))


def list_card_paths(site: SiteContext) -> Iterator[str]:
    """The paths of the cards of all lists."""
    return (f"{path}.png" for path in base_paths(site))


def story_itself(_site: SiteContext, values: Mapping[str, str]) -> tuple[ListScope, ...]:
    """A story, but not what its page shows besides."""
    return (story_scope(values["id"]), ALL_STORY_PAGES)


def story_card_resource(site: SiteContext, request: Request) -> Resource:
    """The card of a story."""
    build, id_ = site.files.story_card, request.values["id"]
    return Resource(path=request.path, scopes=request.scopes, build=lambda: build(id_))


def story_card_paths(site: SiteContext) -> Iterator[str]:
    """The paths of the cards of all stories."""
    return (f"{path}.png" for path in story_paths(site))
