"""cmd.exe: within double quotes ``%`` and ``!`` still mean variables, and nothing escapes a double quote for sure.

So a value with one of these is refused. Whatever else cmd knows (``& | < > ^ ( )``) is plain text within the quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crossaccount.handoff.shells.call import OVERRIDING, REGION_VARIABLES, VARIABLES, Call

USE = "save it as FILE.cmd and: call FILE.cmd"
_UNSAFE = re.compile(r'["%!]')
_NOT_IN_A_COMMENT = re.compile(r"[^\w .,:/@=+'-]", re.ASCII)


def quoted(text: str) -> str:
    """One word; a backslash at its end would escape the quote, so it is doubled."""
    backslashes = len(text) - len(text.rstrip("\\"))
    return f'"{text}{chr(92) * backslashes}"'


def unquotable(text: str) -> bool:
    """Whether there is no way to write it."""
    return _UNSAFE.search(text) is not None or not text.isprintable() or not text.isascii()


def script(call: Call) -> str:
    """The script, with the line ends that cmd wants."""
    return "\r\n".join(_lines(call)) + "\r\n"


def _lines(call: Call) -> Iterator[str]:
    yield "@echo off"
    yield from (f"rem - {_NOT_IN_A_COMMENT.sub('_', note.replace('->', 'to'))}" for note in call.notes)
    if not call.command:
        yield f"rem - {USE}"
    if call.command:
        yield "setlocal DisableDelayedExpansion"
    arguments = [each for option, value in call.options for each in (option, quoted(value)) if each]
    if call.serial:
        yield f'set /p "CROSSACCOUNT_CODE=MFA code of {call.serial}: "'
        arguments += ["--serial-number", quoted(call.serial), "--token-code", '"%CROSSACCOUNT_CODE%"']
    yield 'set "CROSSACCOUNT_DONE="'
    yield f"for /f \"tokens=1-3\" %%a in ('aws sts assume-role {' '.join(arguments)}') do ("
    for letter, variable in zip("abc", VARIABLES, strict=True):
        yield f'  set "{variable}=%%{letter}"'
    yield '  set "CROSSACCOUNT_DONE=1"'
    yield ")"
    yield "if not defined CROSSACCOUNT_DONE exit /b 1"
    yield from (f'set "{variable}={call.region}"' for variable in REGION_VARIABLES if call.region)
    yield from (f'set "{variable}="' for variable in ("CROSSACCOUNT_DONE", *OVERRIDING))
    if call.command:
        # The last line: a command that is a batch file itself (npm) does not come back, and its exit code is ours.
        yield " ".join(map(quoted, call.command))
