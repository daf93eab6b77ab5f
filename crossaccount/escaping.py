"""How text of others is written so that it stays text: one function per medium.

Names, tags, condition values, documents and what AWS or the engine says come from files and accounts that others wrote.
A terminal obeys escape sequences, a CI log obeys workflow commands at the start of a line, a spreadsheet obeys
formulas. So every text passes one of these functions where it leaves this program: :func:`one_line` and :func:`lines`
for a terminal or a log, :func:`markup` for Rich, :func:`json_text` for JSON, :func:`csv_cell` and :func:`mermaid_text`.
Markdown has a room of its own, ``crossaccount.markdown``; a page of HTML is ``crossaccount.report.html``.

What must not act is shown as Python writes it: ``\\x1b``, ``\\u202e``. Nothing is left out. Pure.
"""

from __future__ import annotations

import json
import re
from typing import Any

_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Characters without a shape of their own, which Python calls printable: joiners, fillers, variation selectors."""
_COMMAND = re.compile(r"^([^\S\n]*):(?=:)|#(?=#\w*\[)", re.MULTILINE)
"""What a CI runner obeys: ``::error::`` at the start of a line (GitHub), ``##[error]`` and ``##vso[`` anywhere in it.

Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands,
https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands
"""
_NOT_JSON_ASCII = re.compile(r"[^\n\x20-\x7e]")
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NOT_MERMAID = re.compile(r"[^\w /.:@+=,*-]")
_ASCII = str.maketrans({"→": "->", "≤": "<=", "≥": ">=", "–": "-", "…": "...", "±": "+-", "✓": "+", "✗": "x"})
"""Our own signs for who reads ASCII."""


def visible(text: str) -> str:
    """``text`` on one line, with every character that acts or is not seen as an escape.

    That is all that is not printable: control characters (C0, DEL, C1), line and paragraph separators, marks that turn
    the direction of writing, characters without a width, spaces other than the plain one, and lone surrogates.
    """
    if text.isascii() and text.isprintable():  # by far the most
        return text
    return "".join(each if _is_seen(each) else ascii(each)[1:-1] for each in text)


def visible_lines(text: str) -> str:
    """``text`` as :func:`visible` shows it, but for its line breaks."""
    return text if text.isascii() and text.isprintable() else "\n".join(map(visible, text.split("\n")))


def one_line(text: str) -> str:
    """``text`` as one line of a terminal or a log, in which nothing is a command."""
    return _without_commands(visible(text))


def lines(text: str, *, starts_line: bool = True) -> str:
    """``text`` as the lines that it has. ``starts_line`` is false where something is on its first line already."""
    seen = visible_lines(text)
    if starts_line:
        return _without_commands(seen)
    first, end, rest = seen.partition("\n")
    return _without_commands(f".{first}")[1:] + end + _without_commands(rest)


def continued(text: str, mark: str = "  | ") -> str:
    """What an engine said: each line after the first stands behind ``mark``, so that none passes for one of ours."""
    return "\n".join(f"{mark if number else ''}{visible(line)}" for number, line in enumerate(text.split("\n")))


def without_commands(text: str) -> str:
    """Lines that are written already, colours and all, in which nothing is a command of a CI runner."""
    return _without_commands(text)


def encodable(text: str, encoding: str) -> str:
    """``text`` with what ``encoding`` cannot write as escapes, and our own signs in ASCII."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    return text


def markup(text: str) -> str:
    """``text`` as one line of Rich's markup, in which nothing is markup."""
    from rich.markup import escape

    return escape(one_line(text))


def json_text(document: Any, *, indent: int | None = None) -> str:
    """A document as JSON: the same data whoever reads it, as text that acts nowhere and that UTF-8 can write."""
    return json_escaped(json.dumps(document, indent=indent, ensure_ascii=False))


def json_escaped(text: str, *, only_ascii: bool = False) -> str:
    """JSON with unseen characters, lone surrogates and CI commands as JSON's own escapes; the data is the same.

    ``only_ascii`` escapes whatever is not ASCII, for who reads nothing else.
    """
    if not text.isascii() or "\x7f" in text:
        text = _NOT_JSON_ASCII.sub(lambda found: _json_character(found[0], only_ascii), text)
    return text.replace("##", "#\\u0023") if "##" in text else text


def csv_cell(text: str) -> str:
    """A cell that a spreadsheet shows and does not compute: what could be a formula gets an apostrophe in front.

    Source: https://owasp.org/www-community/attacks/CSV_Injection
    """
    shown = one_line(text)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown


def mermaid_text(text: str) -> str:
    """A label of a Mermaid chart: character codes wherever Mermaid or HTML would read more than text."""
    return _NOT_MERMAID.sub(lambda found: f"#{ord(found[0])};", visible(text))


def _is_seen(character: str) -> bool:
    return character.isprintable() and _UNSEEN.match(character) is None


def _without_commands(text: str) -> str:
    if "::" not in text and "##" not in text:
        return text
    return _COMMAND.sub(lambda found: f"{found[1] or ''}{'' if found[1] is None else chr(92) + 'x3a'}" or "\\x23", text)


def _json_character(character: str, only_ascii: bool) -> str:
    if not only_ascii and _is_seen(character):
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{int.from_bytes(units[place : place + 2]):04x}" for place in range(0, len(units), 2))
