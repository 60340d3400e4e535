"""Sentences for mistakes in TOML: what the mistake is, and how to correct it.

tomllib says "Invalid value" of text without quotation marks, and "Cannot overwrite a value" of a
key that is given twice.
"""

import re
import unicodedata

from aggregator.errors import ConfigIssue

__all__ = ["encoding_issue", "syntax_issues"]

_CURLY_MARKS = 'contains typographic quotation marks (“ ”); use straight ones (" ")'
_INVISIBLE = re.compile("[\u00a0\u00ad\u200b-\u200f\u2028\u2029\u2060\ufeff]")
_RULES = frozenset(("match", "include", "exclude"))
_CONFLICT_MARKS = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")
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


def syntax_issues(text: str, message: str) -> list[ConfigIssue]:
    """A syntax error that tomllib found, with its line, and other lines with quotation marks that
    TOML does not know: they come from word processors, many at once."""
    position = _POSITION.search(message)
    lines = text.split("\n")
    number = int(position[1]) if position and position[1] else len(lines)
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    said = _explain(lines, number, line, message)
    if not said:
        said = f"is not valid TOML: {_POSITION.sub('', message).strip()}"
    issues = [ConfigIssue(line=number if position else 0, key="", message=said)]
    if said == _CURLY_MARKS:
        issues += [
            ConfigIssue(line=index, key="", message=said)
            for index, other in enumerate(lines[number:], start=number + 1)
            if _has_curly_marks(other)
        ]
    return issues


def _has_curly_marks(line: str) -> bool:
    """True if a value, not a part of it or a comment, is in typographic quotation marks."""
    key = _KEY.match(line.partition("#")[0])
    return bool(key and _CURLY.search(re.sub(r'"[^"]*"|\'[^\']*\'', "", key[2])))


def _explain(lines: list[str], number: int, line: str, message: str) -> str:
    """What is wrong with a line; empty if it is none of the usual mistakes."""
    key = _KEY.match(line)
    value = key[2] if key else line
    if line.startswith(_CONFLICT_MARKS):
        return (
            "is a mark of a merge conflict; keep one of the two versions, and delete the lines "
            "that begin with <<<<<<<, ======= and >>>>>>>"
        )
    if message.startswith("Cannot overwrite a value") and key:
        first = _first_line_of(lines, number, key[1])
        return f"{key[1]} is given twice in this table, first on line {first}; remove one of them"
    if message.startswith("Cannot") and (table := _TABLE.match(line)):
        if table[1] in ("source", "topic"):
            return f"write [[{table[1]}]], with two brackets, for each {table[1]}"
        return f"[{table[1]}] is declared twice; merge the two tables"
    if line.lstrip().startswith(("//", ";", "/*")):
        return "a comment begins with #"
    if re.search(r"=\s*\{[^}]*$", line):
        return "a table in { } must be on one line; or write [source.tags] and one key on each line"
    if found := _INVISIBLE.search(re.sub(r'"[^"]*"', "", line)):
        name = unicodedata.name(found[0], "control character").lower()
        return f"contains an invisible character ({name}); type the line again"
    if _CURLY.search(re.sub(r'"[^"]*"', "", value)):
        return _CURLY_MARKS
    if message.startswith("Illegal character '\\n'"):
        return "a quotation mark is opened but not closed on this line"
    if message.startswith("Expected '='") and (colon := _COLON.match(line)):
        return f"found {line.strip()!r}, expected {colon[1]} = …, with an equals sign"
    if message.startswith("Invalid value") and key and re.match(r"[^\W\d]", value):
        if value.strip().lower() in ("true", "false", "yes", "no"):
            return f"found {value.strip()!r}, expected true or false, in lower case"
        return _needs_quotes(key[1], value)
    if message.startswith("Expected newline or end of document"):
        if key and key[1] in _RULES and value[:1] in ("'", '"'):
            return _needs_other_quotes(key[1], value.strip())
        if key and re.fullmatch(r"0[0-9]+", value.strip()):
            return f"a number must not begin with 0: {key[1]} = {value.strip().lstrip('0')}"
        if key and re.fullmatch(r"[0-9][\w.:/-]*[a-z][\w.:/-]*", value.strip()):
            return _needs_quotes(key[1], value)
        return "unexpected text after the value; write each key on its own line"
    return ""


def _needs_quotes(key: str, value: str) -> str:
    bare = value.strip().strip('"')
    return f'the value of {key} needs quotation marks: "{bare}"'


def _needs_other_quotes(key: str, value: str) -> str:
    """How to write a rule that contains quotation marks like those around it."""
    if value.startswith("'"):
        return (
            f"a rule that contains ' must be in three quotation marks: {key} = '''{value[1:-1]}'''"
        )
    is_quoted = value.startswith('""') and value.endswith('"')
    rule = value[1:-1] if is_quoted else value
    return f"a rule that contains \" must be in single quotation marks: {key} = '{rule}'"


def _first_line_of(lines: list[str], number: int, key: str) -> int:
    """The line in which a key is given before, in the same table."""
    for index in range(number - 2, -1, -1):
        found = _KEY.match(lines[index])
        if found and found[1] == key:
            return index + 1
    return number
