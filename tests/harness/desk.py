"""An operator at the desk, for tests that read as scenes."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html import unescape
from types import MappingProxyType

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from aggregator.model import Operator
from aggregator.site_app import create_wsgi_app
from aggregator.web.desk.access import new_link
from aggregator.web.desk.passwords import hash_password
from tests.harness.newsroom import Newsroom

__all__ = ["DeskUser"]


class DeskUser:
    """A browser with a cookie jar, at the desk; `environ` is added to each request."""

    def __init__(
        self, newsroom: Newsroom, environ: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.newsroom = newsroom
        self.csrf = ""
        self._environ = dict(environ)
        self.client = self._new_client()

    def _new_client(self) -> FlaskClient:
        config, store = self.newsroom.config, self.newsroom.store
        client = create_wsgi_app(config, store).test_client()
        scheme = {"wsgi.url_scheme": "https"} if not self._environ else {}
        client.environ_base = {**client.environ_base, **scheme, **self._environ}
        return client

    @property
    def stranger(self) -> FlaskClient:
        """A browser without a cookie."""
        return self._new_client()

    def is_owner(self, name: str, password: str) -> None:
        """Make this an owner."""
        hash_ = hash_password(password)
        now = datetime.now(UTC)
        operator = Operator(name=name, role="owner", created_at=now, password_hash=hash_)
        self.newsroom.store.operators.save(operator)

    def logs_in(self, name: str, password: str) -> None:
        """Log in by a password."""
        given = {"name": name, "password": password}
        self.login = self.client.post("/desk/login", data=given, base_url=self._base)
        assert self.login.status_code == 303
        self._read_token()

    def enters(self) -> None:
        """Come in by a one-time link."""
        key = new_link(self.newsroom.store, datetime.now(UTC))
        assert self.get(f"/enter?key={key}").status_code == 303
        self._read_token()

    def _read_token(self) -> None:
        found = re.search(r'name="csrf" value="([^"]+)"', self.get("/operators").text)
        assert found is not None
        self.csrf = found[1]

    @property
    def _base(self) -> str:
        host = self._environ.get("HTTP_HOST", "commons.example")
        return f"{'http' if self._environ else 'https'}://{host}"

    def get(self, path: str) -> TestResponse:
        """A page of the desk."""
        return self.client.get(f"/desk{path}", base_url=self._base)

    def post(self, path: str, **form: str) -> TestResponse:
        """Send a form of the desk, with the token of the session."""
        data = {"csrf": self.csrf, **form}
        return self.client.post(f"/desk{path}", data=data, base_url=self._base)

    def saves(self, path: str, **form: str) -> TestResponse:
        """Send a form that changes feeds.toml, look at the lines shown, and send it again."""
        shown = self.post(path, **{"do": "save", **form})
        mark = re.search(r'name="seen" value="(\w+)"', shown.text)
        if shown.status_code != 200 or mark is None:
            return shown
        return self.post(path, **{"do": "save", **form, "seen": mark[1]})

    def hidden(self, path: str, name: str) -> str:
        """The value of a hidden field in the form of a page."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.get(path).text)
        assert found is not None
        return unescape(found[1])

    def reloads(self) -> None:
        """Take feeds.toml as it is now, as the web server does by itself."""
        text = self.newsroom.config.path.read_text()
        self.newsroom.change(self.newsroom.written, text)
        cookies = self.client._cookies
        self.client = self._new_client()
        self.client._cookies = cookies
