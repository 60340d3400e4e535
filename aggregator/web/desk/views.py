"""The desk's blueprint, and the pages that only show something."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, abort, request

from aggregator.config import Config
from aggregator.model import Source
from aggregator.overview.attention import attention
from aggregator.overview.pulse import newsroom_pulse
from aggregator.overview.source_states import source_health, source_states
from aggregator.store.base import Store
from aggregator.web.desk.alert_views import ALERT_ROUTES, AlertViews
from aggregator.web.desk.digest_views import DIGEST_ROUTES, DigestViews
from aggregator.web.desk.file_views import FILE_ROUTES, FileViews
from aggregator.web.desk.filters import template_filters
from aggregator.web.desk.guard import add_guard
from aggregator.web.desk.login_views import LOGIN_ROUTES, LoginViews
from aggregator.web.desk.page import Desk
from aggregator.web.desk.passkey_views import PASSKEY_ROUTES, PasskeyViews
from aggregator.web.desk.post_views import POST_ROUTES, PostViews
from aggregator.web.desk.removal_views import REMOVAL_ROUTES, RemovalViews
from aggregator.web.desk.source_views import SOURCE_ROUTES, SourceViews
from aggregator.web.desk.story_views import STORY_ROUTES, StoryViews
from aggregator.web.desk.token_views import TOKEN_ROUTES, TokenViews
from aggregator.web.desk.topic_views import TOPIC_ROUTES, TopicViews

__all__ = ["desk_blueprint"]

MAX_RUNS_SHOWN = 100
MAX_HELD_SHOWN = 30
MAX_LOG_SHOWN = 8
MAX_DECIDED_AT_ONCE = 20_000
"""Held stories of one source that a decision is about."""


def desk_blueprint(
    config: Config,
    store: Store,
    environment: Mapping[str, str],
    reload: Callable[[], None],
    prefix: str = "",
) -> Blueprint:
    """The desk; `prefix` is the folder of the site's URL."""
    blueprint = Blueprint(
        "desk", __name__, template_folder="templates", static_folder="static",
        static_url_path="/static", url_prefix="/desk",
    )  # fmt: skip
    desk = Desk(
        config=config, store=store, environment=environment, base=f"{prefix}/desk", reload=reload
    )
    add_guard(blueprint, desk)
    for name, function in template_filters(config.site.timezone).items():
        blueprint.add_app_template_filter(function, name)
    for views, routes in (
        (OverviewViews(desk), OVERVIEW_ROUTES), (LoginViews(desk), LOGIN_ROUTES),
        (SourceViews(desk), SOURCE_ROUTES), (TopicViews(desk), TOPIC_ROUTES),
        (StoryViews(desk), STORY_ROUTES), (FileViews(desk), FILE_ROUTES),
        (PostViews(desk), POST_ROUTES), (AlertViews(desk), ALERT_ROUTES),
        (TokenViews(desk), TOKEN_ROUTES), (PasskeyViews(desk), PASSKEY_ROUTES),
        (RemovalViews(desk), REMOVAL_ROUTES), (DigestViews(desk), DIGEST_ROUTES),
    ):  # fmt: skip
        for method, path, name in routes:
            blueprint.add_url_rule(path, name, getattr(views, name), methods=[method])
    return blueprint


OVERVIEW_ROUTES = (
    ("GET", "/", "overview"),
    ("GET", "/runs", "runs"),
    ("GET", "/held", "held"),
    ("POST", "/held/<id_>", "decide_held"),
)  # fmt: skip
"""Method, path and name of each view."""


@dataclass(frozen=True, slots=True)
class OverviewViews:
    """The overview, runs and held stories."""

    desk: Desk

    def overview(self) -> Response:
        """What needs attention, and the pulse."""
        config, store, now = self.desk.config, self.desk.store, self.desk.now
        states = source_states(config, source_health(config, store), now)
        return self.desk.page(
            "overview.html",
            states=states,
            failing=sum(state.name in ("failed", "retired") for state in states),
            reasons=attention(config, store, states, now),
            pulse=newsroom_pulse(config, store, now),
            last_fetch=store.maintenance.last_fetch(),
            config_problem=store.config.problem(),
            topics=config.topics,
            names={source.id: source.name for source in config.all_sources},
            log=(log := store.operators.audit_log(MAX_LOG_SHOWN)),
            titles=self.desk.titles(log),
        )

    def runs(self) -> Response:
        """The last runs."""
        return self.desk.page("runs.html", runs=self.desk.store.statistics.runs(MAX_RUNS_SHOWN))

    def held(self) -> Response:
        """Stories that are held, by source."""
        sources = self.desk.sources
        waiting = [
            (
                sources[health.source],
                health.held_stories,
                self.desk.store.stories.held(health.source, MAX_HELD_SHOWN),
            )
            for health in self.desk.store.sources.health()
            if health.held_stories and health.source in sources
        ]
        return self.desk.page("held.html", held=waiting)

    def decide_held(self, id_: str) -> Response:
        """Publish or drop the held stories of a source."""
        source = self.desk.sources.get(id_)
        if source is None:
            abort(404)
        verb = request.form.get("do")
        if verb not in ("release", "drop"):
            abort(400)
        store = self.desk.store
        ticked = {*request.form.getlist("story")}
        held = [story.id for story in store.stories.held(id_, MAX_DECIDED_AT_ONCE)]
        chosen = [story for story in held if story in ticked or not ticked]
        if not chosen:
            return self.desk.to("/held", "These stories are not held any more.")
        if not request.form.get("sure") and (verb == "drop" or not ticked):
            return self._confirm(source, verb, chosen)
        if verb == "release":
            count = store.stories.release(id_, self.desk.now, chosen, as_new=source.approve)
            self.desk.record("published held stories of", id_, self.desk.stories(count))
            done = f"{self.desk.stories(count)} from {source.name} published."
            return self.desk.to("/held", done)
        count = store.stories.drop(id_, chosen)
        self.desk.record("dropped held stories of", id_, self.desk.stories(count))
        done = f"{self.desk.stories(count)} from {source.name} dropped for good."
        return self.desk.to("/held", done)

    def _confirm(self, source: Source, verb: str, chosen: Sequence[str]) -> Response:
        """Ask before stories are dropped, or all of them published; it holds for these ones."""
        words = "Publish" if verb == "release" else "Never publish"
        return self.desk.page(
            "confirm.html",
            heading=f"{words} {self.desk.stories(len(chosen))} from {source.name}",
            sentence="This cannot be undone.",
            action=f"{self.desk.base}/held/{source.id}",
            hidden=[("do", verb), ("sure", "1"), *(("story", id_) for id_ in chosen)],
            verb=words,
            back=f"{self.desk.base}/held",
        )
