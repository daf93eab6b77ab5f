"""MiniStack's XML answers, made well-formed and read.

MiniStack writes what people have typed into its XML as it came: a role whose description says "R&D" or "<none>" is an
answer that no SDK can read. AWS escapes.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from crossaccount.local.hardening.asgi import Answer

Element = ElementTree.Element

_NAMESPACE = re.compile(rb' xmlns="[^"]*"')
_LOOSE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9A-Fa-f]+);)")
_FREE_TEXT = re.compile(r"<Description>(.*?)</Description>", re.DOTALL)


def well_formed(answer: Answer) -> Answer:
    """The answer with its free text escaped; an answer that is well-formed stays as it is."""
    if b"&" not in answer.body and b"<Description>" not in answer.body:
        return answer
    text = answer.body.decode("utf-8", "replace")
    text = _FREE_TEXT.sub(lambda found: f"<Description>{escape(found[1])}</Description>", text)
    return answer.with_body(_LOOSE_AMPERSAND.sub("&amp;", text).encode())


def parsed(answer: Answer) -> Element:
    """The root element of an answer, without namespaces."""
    return ElementTree.fromstring(_NAMESPACE.sub(b"", answer.body, count=1))


def text_of(element: Element | None, path: str) -> str:
    """The text at a path below an element, empty where there is none."""
    return (element.findtext(path) or "") if element is not None else ""


def members(element: Element | None, path: str) -> list[Element]:
    """The members of a list below an element."""
    return element.findall(f"{path}/member") if element is not None else []
