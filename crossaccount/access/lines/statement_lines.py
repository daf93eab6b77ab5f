"""A statement as one line, and back: the grammar of ``access.lines``.

What would come back as another statement is written as its JSON instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from crossaccount.iam.documents import VERSION, as_list, canonical

_STATEMENT = re.compile(
    r"(?P<verb>may not|may|keeps out|lets in) (?P<one>.+?) (?:on|by) (?P<two>.+?)(?: if (?P<condition>\{.*\}))?"
)
_ALL_BUT = "all but "
_WITH_VARIABLES = ("Resource", "NotResource", "Condition")


def document_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a document, a statement each; Sids decide nothing and are left out.

    All lines are of today's version: what an older document has as text is written as text that looks like a variable.
    """
    older = document.get("Version") != VERSION
    for statement in as_list(canonical(document)["Statement"]):
        kept = {key: value for key, value in statement.items() if key != "Sid"}
        yield _text(
            {key: _as_text(value) if older and key in _WITH_VARIABLES else value for key, value in kept.items()}
        )


def _as_text(value: Any) -> Any:
    """The same without policy variables: ``${`` stands for itself."""
    if isinstance(value, Mapping):
        return {key: _as_text(each) for key, each in value.items()}
    if isinstance(value, str):
        return value.replace("${", "${$}{")
    return [_as_text(each) for each in value]


def _text(statement: Mapping[str, Any]) -> str:
    parsed = _in_words(statement)
    return parsed if parsed is not None and _comes_back(parsed, statement) else _json(statement)


def _comes_back(text: str, statement: Mapping[str, Any]) -> bool:
    try:
        return bool(_canonical(statement_of(text)) == _canonical(statement))
    except ValueError:  # something in it looks like a condition and is none
        return False


def _in_words(statement: Mapping[str, Any]) -> str | None:
    """The line of a statement; None where a part of it does not fit."""
    allows = statement["Effect"] == "Allow"
    actions = _list(statement, "Action")
    if (principals := statement.get("Principal")) is not None:
        who = (
            "*"
            if principals == "*"
            else _list({"Action": [str(e) for v in principals.values() for e in as_list(v)]}, "Action")
        )
        text = f"{'lets in' if allows else 'keeps out'} {who} by {actions}"
    else:
        text = f"{'may' if allows else 'may not'} {actions} on {_list(statement, 'Resource')}"
    condition = statement.get("Condition")
    return text + (f" if {_json(condition)}" if condition else "")


def _list(statement: Mapping[str, Any], element: str) -> str:
    inverted = f"Not{element}" in statement
    texts = [str(each) for each in as_list(statement.get(f"Not{element}" if inverted else element))]
    return (_ALL_BUT if inverted else "") + ", ".join(texts)


def statement_of(text: str) -> dict[str, Any] | None:
    """The statement of a line; None of a line that is about something else."""
    if text.startswith("{"):
        found: dict[str, Any] = json.loads(text)
        return found
    match = _STATEMENT.fullmatch(text)
    if match is None:
        return None
    statement: dict[str, Any] = {"Effect": "Allow" if match["verb"] in ("may", "lets in") else "Deny"}
    if match["verb"] in ("may", "may not"):
        statement |= {**_element("Action", match["one"]), **_element("Resource", match["two"])}
    else:
        statement |= {"Principal": _principals(match["one"]), **_element("Action", match["two"])}
    return {**statement, **({"Condition": json.loads(match["condition"])} if match["condition"] else {})}


def _element(name: str, text: str) -> dict[str, list[str]]:
    inverted = text.startswith(_ALL_BUT)
    return {f"Not{name}" if inverted else name: text.removeprefix(_ALL_BUT).split(", ")}


def _principals(text: str) -> Any:
    if text == "*":
        return "*"
    found: dict[str, list[str]] = {}
    for entry in text.split(", "):
        found.setdefault(_kind(entry), []).append(entry)
    return found


def _kind(entry: str) -> str:
    if "-provider/" in entry or (not entry.startswith("arn:") and "." in entry and not _is_service(entry)):
        return "Federated"
    return "Service" if _is_service(entry) else "AWS"


def _is_service(entry: str) -> bool:
    return entry.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def _canonical(statement: Mapping[str, Any] | None) -> Any:
    return None if statement is None else canonical({"Statement": [statement]})


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
