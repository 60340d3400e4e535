"""The operators' desk: a Flask blueprint at /desk, of plain forms that work without scripts.

access           who may: sessions, the one-time link, CSRF, delays
passwords        argon2id
passkeys         WebAuthn
sign_in          a new session with its cookie
page             what every page is made with; the audit log
guard            lets in only who may, whatever view is added
views            the blueprint, the overview, runs and held stories
passkey_views    logging in with a passkey, and managing one's own
login_views      getting in and out, operators
source_views     sources: list, page, fetch now, pause, edit, add
topic_views      topics: list, rule editor with a test before saving, suggestions
digest_views     the digest: subscribers, issues, mails to decide about, a test
alert_views      alerts: a page, and a feed for whoever shows a token
post_views       stories found on the web: a form, a bookmarklet, an API
token_views      tokens of operators' programs
story_views      stories: search, words, pin, place, merge, split, take down
commands         commands run in a process of their own
undo             how each action is undone
file_views       feeds.toml as a text, with its problems

What the desk changes in feeds.toml goes through config/file_edits.py, so a file that has changed
underneath is never overwritten.
"""

from aggregator.web.desk.views import desk_blueprint

__all__ = ["desk_blueprint"]
