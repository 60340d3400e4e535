"""GET /healthz, for monitoring: what is wrong, since when and why.

    status    ok, degraded (something is wrong, readers are served), down (503)
    reasons   kind, source, since, sentence, the worst first
    failing, failures   the sources that fail, and how many failures of which kind there are

/healthz/live answers while the process can answer at all, /healthz/ready while it can read the
database: for programs that start it again, or send it readers.

Kinds are those of failures (model.FailureKind), of errors of the clock, and those of
overview/health_reasons.py. Bugs of our hub and of the program's tasks are counted too, those of
tasks for a day; a callback or hub that does not answer is not a failure of ours.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import structlog
from flask import Blueprint, Response, jsonify

from aggregator.config import Config
from aggregator.errors import StoreError
from aggregator.model import FailureKind
from aggregator.overview.digest_reasons import digest_reasons
from aggregator.overview.health_reasons import BUG_AGE, DATABASE, DOWN_KINDS, Reason, health_reasons
from aggregator.store.base import Store

__all__ = ["health_blueprint"]

DIGEST = "The digest needs an operator; the desk says why."
"""Strangers read what is wrong, and not the name of the mail server."""

log = structlog.get_logger()


def health_blueprint(config: Config, store: Store) -> Blueprint:
    """The health endpoint."""
    blueprint = Blueprint("health", __name__)
    sources = frozenset(source.id for source in config.sources)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        now = datetime.now(UTC)
        try:
            body = _health(config, store, sources, now)
        except StoreError as error:
            log.error("store_unavailable", error=str(error))
            sentence = str(error).replace(f" {config.database}", "")  # strangers read this
            body = _answer([Reason(kind=DATABASE, sentence=sentence)])
        return _response(body)

    @blueprint.get("/healthz/live")
    def live() -> Response:
        return _response({"status": "ok"})

    @blueprint.get("/healthz/ready")
    def ready() -> Response:
        try:
            store.maintenance.last_fetch()
        except StoreError as error:
            log.error("store_unavailable", error=str(error))
            return _response({"status": "down"})
        return _response({"status": "ok"})

    return blueprint


def _response(body: Mapping[str, Any]) -> Response:
    response = jsonify(body)
    response.status_code = 503 if body["status"] == "down" else 200
    response.cache_control.no_store = True
    return response


def _health(
    config: Config, store: Store, sources: Collection[str], now: datetime
) -> dict[str, Any]:
    health = [each for each in store.sources.health() if each.source in sources]
    failing = sorted(each.source for each in health if each.failing_since)
    kinds = Counter(each.failure_kind.value for each in health if each.failure_kind)
    kinds[FailureKind.BUG.value] += store.hub.count_failing().get(FailureKind.BUG, 0)
    kinds[FailureKind.BUG.value] += store.maintenance.count_bugs(now - BUG_AGE)
    reasons = health_reasons(config, store, health, now)
    reasons += [replace(r, sentence=DIGEST) for r in digest_reasons(config, store, now)][:1]
    return {
        **_answer(reasons), "sources": len(sources), "failing": failing, "failures": +kinds,
    }  # fmt: skip


def _answer(reasons: Sequence[Reason]) -> dict[str, Any]:
    is_down = any(reason.kind in DOWN_KINDS for reason in reasons)
    return {
        "status": "down" if is_down else "degraded" if reasons else "ok",
        "reasons": [
            {
                "kind": reason.kind,
                "sentence": reason.sentence,
                "source": reason.source,
                "since": reason.since and reason.since.isoformat(),
            }
            for reason in reasons
        ],
    }
