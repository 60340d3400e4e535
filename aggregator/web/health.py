"""GET /healthz, for monitoring: whether the database is readable, which sources fail, and how
many for which kind of reason (model.FailureKind).

Bugs of our hub and of the program's tasks are counted too, those of tasks for a day; a callback or
hub that does not answer is not a failure of ours.
"""

from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, jsonify

from aggregator.model import FailureKind
from aggregator.store.base import Store

__all__ = ["health_blueprint"]

BUG_AGE = timedelta(days=1)
"""How long the bug of a task is counted."""


def health_blueprint(store: Store, sources: Collection[str]) -> Blueprint:
    """The health endpoint; `sources` are the ids of the enabled sources."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        health = [each for each in store.sources.health() if each.source in sources]
        failing = sorted(each.source for each in health if each.failing_since)
        kinds = Counter(each.failure_kind.value for each in health if each.failure_kind)
        kinds[FailureKind.BUG.value] += store.hub.count_failing().get(FailureKind.BUG, 0)
        kinds[FailureKind.BUG.value] += store.maintenance.count_bugs(datetime.now(UTC) - BUG_AGE)
        response = jsonify(status="ok", sources=len(sources), failing=failing, failures=+kinds)
        response.cache_control.no_store = True
        return response

    return blueprint
