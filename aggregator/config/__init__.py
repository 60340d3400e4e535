"""feeds.toml and the environment become a Config, or a list of everything that is wrong.

loader      reads, checks and resolves; the Config
schema      every key with its type, default and description (pydantic)
validation  issues as sentences with line and key
key_lines   the line of each key
theme       templates and CSS of the operator's own, and the logo
blocks      the lines of each table, with its comments
editor      edits of its text that keep comments and order
file_edits  saving an edit, whole or not at all
"""

from aggregator.config.loader import (
    Config,
    decode,
    find_database,
    json_schema,
    parse_config,
    read_config_file,
)
from aggregator.config.theme import THEME_FOLDER

__all__ = [
    "THEME_FOLDER",
    "Config",
    "decode",
    "find_database",
    "json_schema",
    "parse_config",
    "read_config_file",
]
