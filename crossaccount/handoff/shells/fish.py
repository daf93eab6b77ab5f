"""fish: within single quotes only a backslash and a single quote are special.

Source: https://fishshell.com/docs/current/language.html#quotes
"""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.handoff.shells.call import OVERRIDING, REGION_VARIABLES, VARIABLES, Call

USE = "crossaccount handoff env --shell fish ... | source"


def quoted(text: str) -> str:
    """One word."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def unquotable(text: str) -> bool:
    """Whether there is no way to write it: no argument has a NUL."""
    return "\0" in text


def script(call: Call) -> str:
    """The script: alone to be read into a shell, with a command to be run."""
    return "\n".join(_lines(call)) + "\n"


def _lines(call: Call) -> Iterator[str]:
    if call.command:
        yield "#!/usr/bin/env fish"
    yield from (f"# {note}" for note in call.notes)
    if not call.command:
        yield f"# {USE}"
    if call.serial:
        yield f"read --prompt-str {quoted(f'MFA code of {call.serial}: ')} --global crossaccount_code"
    yield "set --global crossaccount_session ("
    yield "  aws sts assume-role \\"
    pairs = [f"    {option} {quoted(value)}".replace("     ", "    ", 1) for option, value in call.options]
    if call.serial:
        pairs += [f"    --serial-number {quoted(call.serial)}", "    --token-code $crossaccount_code"]
    yield " \\\n".join(pairs) + " | string split \\t"
    yield ")"
    yield "if test (count $crossaccount_session) -eq 3"
    for field, variable in enumerate(VARIABLES, start=1):
        yield f"  set --global --export {variable} $crossaccount_session[{field}]"
    for variable in REGION_VARIABLES if call.region else ():
        yield f"  set --global --export {variable} {quoted(call.region)}"
    yield f"  set --erase crossaccount_session {' '.join(OVERRIDING)}"
    if call.command:
        yield f"  {' '.join(map(quoted, call.command))}"
    else:
        yield "  true"
    yield "else"
    yield "  false"
    yield "end"
