"""What the site logs."""

import structlog

__all__ = ["log_theme_error"]

_log = structlog.get_logger()


def log_theme_error(sentence: str) -> None:
    """Log what is wrong with a template of the operator's theme."""
    _log.warning("theme", error=sentence)
