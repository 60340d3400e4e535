"""Sentences for mistakes in TOML: what the mistake is, and how to mend it.

tomllib says "Invalid value" of text without quotation marks, and "Cannot overwrite a value" of a
key that is given twice.
"""

import re

from aggregator.errors import ConfigIssue

__all__ = ["encoding_issue", "syntax_issue"]

_POSITION = re.compile(r"\(at (?:line (\d+), column (\d+)|end of document)\)")
_CURLY = re.compile("[“”„‟‘’‚«»]")
_KEY = re.compile(r"\s*([\w-]+|\"[^\"]*\")\s*=\s*(.*)")
_TABLE = re.compile(r"\s*\[+\s*([\w.\"-]+)\s*\]+")
_COLON = re.compile(r"\s*([\w-]+)\s*:\s*(.*)")


def encoding_issue(content: bytes, position: int) -> ConfigIssue:
    """The issue of a file that is not UTF-8."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:100]:
        message = 'is UTF-16 text, which Notepad calls "Unicode"; save it as UTF-8'
        return ConfigIssue(line=1, key="", message=message)
    line = content.count(b"\n", 0, position) + 1
    message = 'is not UTF-8 text but probably Windows-1252, or "ANSI"; save it as UTF-8'
    return ConfigIssue(line=line, key="", message=message)


def syntax_issue(text: str, message: str) -> ConfigIssue:
    """A syntax error that tomllib found, with its line."""
    position = _POSITION.search(message)
    lines = text.split("\n")
    number = int(position[1]) if position and position[1] else len(lines)
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    said = _explain(lines, number, line, message)
    if not said:
        said = f"is not valid TOML: {_POSITION.sub('', message).strip()}"
    return ConfigIssue(line=number if position else 0, key="", message=said)


def _explain(lines: list[str], number: int, line: str, message: str) -> str:
    """What is wrong with a line; empty if it is none of the usual mistakes."""
    key = _KEY.match(line)
    value = key[2] if key else line
    if message.startswith("Cannot overwrite a value") and key:
        first = _first_line_of(lines, number, key[1])
        return f"{key[1]} is given twice in this table, first on line {first}; remove one of them"
    if message.startswith("Cannot declare") and (table := _TABLE.match(line)):
        return f"[{table[1]}] is declared twice; merge the two tables"
    if _CURLY.search(re.sub(r'"[^"]*"', "", value)):
        return 'contains typographic quotation marks (“ ”); use straight ones (" ")'
    if message.startswith("Illegal character '\\n'"):
        return "a quotation mark is opened but not closed on this line"
    if message.startswith("Expected '='") and (colon := _COLON.match(line)):
        return f"found {line.strip()!r}, expected {colon[1]} = …, with an equals sign"
    if message.startswith("Invalid value") and key and re.match(r"[^\W\d]", value):
        if value.strip().lower() in ("true", "false", "yes", "no"):
            return f"found {value.strip()!r}, expected true or false, in lower case"
        return f'the value of {key[1]} needs quotation marks: "{value.strip()}"'
    if message.startswith("Expected newline or end of document"):
        if key and re.fullmatch(r"[0-9][\w.:/-]*", value.strip()):
            return f'the value of {key[1]} needs quotation marks: "{value.strip()}"'
        return "unexpected text after the value; write each key on its own line"
    return ""


def _first_line_of(lines: list[str], number: int, key: str) -> int:
    """The line in which a key is given before, in the same table."""
    for index in range(number - 2, -1, -1):
        found = _KEY.match(lines[index])
        if found and found[1] == key:
            return index + 1
    return number
