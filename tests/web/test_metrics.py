"""/metrics: what Prometheus gets, who gets it, and a dashboard that shows it."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from aggregator.web.metrics import METRICS
from tests.harness.newsroom import Newsroom, article

ROOT = Path(__file__).parent.parent.parent
DASHBOARD = ROOT / "deploy" / "grafana-dashboard.json"
PROMTOOL = shutil.which("promtool")


@pytest.fixture
def busy(newsroom: Newsroom) -> Newsroom:
    """A newsroom with a story, a topic, and a source that fails."""
    newsroom.has_topic("labor", "strike")
    newsroom.lists("harbor")
    newsroom.lists("broken")
    newsroom.publishes("harbor", article("A strike"), article("Rain"))
    newsroom.answers("broken", b"", status=500)
    newsroom.ingests()
    return newsroom


def _text(newsroom: Newsroom, **environ: str) -> str:
    response = newsroom.reader.get("/metrics", environ_overrides=environ)
    assert response.status_code == 200
    return response.text


def _values(newsroom: Newsroom) -> dict[str, float]:
    return {
        f"{sample.name}{sorted(sample.labels.values()) or ''}": sample.value
        for family in text_string_to_metric_families(_text(newsroom))
        for sample in family.samples
    }


def test_figures_of_the_newsroom(busy: Newsroom) -> None:
    """What was fetched, what is published, what is wrong."""
    found = _values(busy)

    assert found["aggregator_stories"] == 2
    assert found["aggregator_topic_stories['labor']"] == 1
    assert found["aggregator_sources['failed']"] == 1
    assert found["aggregator_entries_total['new']"] == 2
    assert found["aggregator_health_reasons['http_status']"] == 1
    assert found["aggregator_last_fetch_timestamp_seconds"] == busy.now.timestamp()
    assert found["aggregator_config_problems"] == 0
    busy.store.config.reject(["a", "b"], busy.now)
    assert _values(busy)["aggregator_config_problems"] == 2


def test_every_metric_is_documented(busy: Newsroom) -> None:
    """In the code, in what is sent, and in docs/operating.md; labels are bounded."""
    families = list(text_string_to_metric_families(_text(busy)))
    names = {sample.name for family in families for sample in family.samples}
    text = (ROOT / "docs" / "operating.md").read_text()

    assert names == METRICS.keys()
    assert [name for name in METRICS if f"| `{name}` |" not in text] == []
    labels = {label for f in families for s in f.samples for label in s.labels}
    assert labels == {"state", "result", "topic", "kind", "delivery", "version"}


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "10.1.2.3"}, 200),
        ({"REMOTE_ADDR": "fd00::1"}, 200),
        ({"REMOTE_ADDR": "198.18.0.1", "HTTP_VIA": "1.1 cdn"}, 404),
        ({"REMOTE_ADDR": "8.8.8.8"}, 404),
        ({"REMOTE_ADDR": "2a00::1"}, 404),
        ({"REMOTE_ADDR": "::ffff:10.1.2.3"}, 200),
        ({"REMOTE_ADDR": "::ffff:8.8.8.8"}, 404),
        ({"REMOTE_ADDR": ""}, 404),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "8.8.8.8"}, 404),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=8.8.8.8"}, 404),
    ],
)
def test_the_public_gets_nothing(newsroom: Newsroom, environ: dict[str, str], status: int) -> None:
    """Only this machine and private networks, and no proxy."""
    response = newsroom.reader.get("/metrics", environ_overrides=environ)

    assert response.status_code == status
    assert status == 404 or response.headers["Cache-Control"] == "no-store"


def test_the_dashboard_shows_what_there_is() -> None:
    """Valid JSON, and every metric that it names is one of ours; every one of ours is on it."""
    dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text())
    queries = [t["expr"] for panel in dashboard["panels"] for t in panel["targets"]]
    named = {name for query in queries for name in re.findall(r"aggregator_\w+", query)}

    assert named == METRICS.keys()
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))


@pytest.mark.skipif(not PROMTOOL, reason="promtool is not installed (apt-get prometheus)")
def test_promtool_finds_nothing(busy: Newsroom) -> None:
    """The judge of metric names and formats."""
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, "check", "metrics"],
        input=_text(busy),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, "")
