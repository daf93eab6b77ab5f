"""The report as one HTML file that needs nothing else: no network, no other file.

Data is data: it is in the page as gzip in base64, read by the page's own script and shown as text nodes. The
Content-Security-Policy lets that script and that style run by their hashes, and nothing else, from wherever.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from html import escape
from importlib.resources import files
from string import Template

from crossaccount.report.encoding import encoded
from crossaccount.report.model import Report

_LEVEL = 6
"""Of gzip: higher ones take seconds for a few per cent."""


def html(report: Report) -> str:
    """The whole page. The same report is the same text."""
    static = files("crossaccount.report").joinpath("static")
    style = static.joinpath("report.css").read_text(encoding="utf-8")
    scripts = sorted(
        (each for each in static.joinpath("scripts").iterdir() if each.name.endswith(".js")),
        key=lambda each: int(each.name.partition("_")[0]),
    )
    script = '"use strict";\n' + "\n".join(each.read_text(encoding="utf-8") for each in scripts)
    page = Template(static.joinpath("report.html").read_text(encoding="utf-8"))
    return page.substitute(
        policy=_policy(script, style),
        title=escape(f"Access report, {report.made:%Y-%m-%d}"),
        style=style,
        data=_packed(encoded(report)),
        script=script,
    )


def _policy(script: str, style: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
        )
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _packed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode(), _LEVEL, mtime=0)).decode()
