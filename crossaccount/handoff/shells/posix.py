"""sh, and every shell that reads its language: dash, bash, zsh, ksh."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from crossaccount.handoff.shells.call import OVERRIDING, REGION_VARIABLES, VARIABLES, Call

USE = 'eval "$(crossaccount handoff env ...)", or save it and: . ./FILE'


def quoted(text: str) -> str:
    """One word."""
    return shlex.quote(text)


def unquotable(text: str) -> bool:
    """Whether there is no way to write it: no argument has a NUL."""
    return "\0" in text


def script(call: Call) -> str:
    """The script: alone to be read into a shell, with a command to be run."""
    return "\n".join(_lines(call)) + "\n"


def _lines(call: Call) -> Iterator[str]:
    if call.command:
        yield "#!/bin/sh"
    yield from (f"# {note}" for note in call.notes)
    if not call.command:
        yield f"# {USE}"
    if call.serial:
        yield f"printf 'MFA code of %s: ' {quoted(call.serial)} >&2"
        yield "read -r crossaccount_code"
    yield 'crossaccount_session="$('
    yield "  aws sts assume-role \\"
    pairs = [f"    {option} {quoted(value)}".replace("     ", "    ", 1) for option, value in call.options]
    if call.serial:
        pairs += [f"    --serial-number {quoted(call.serial)}", '    --token-code "$crossaccount_code"']
    yield " \\\n".join(pairs)
    yield ')" &&'
    for field, variable in enumerate(VARIABLES, start=1):
        yield f'  {variable}="$(printf \'%s\\n\' "$crossaccount_session" | cut -f {field})" &&'
    regions = "".join(f" {variable}={quoted(call.region)}" for variable in REGION_VARIABLES if call.region)
    yield f"  export {' '.join(VARIABLES)}{regions} &&"
    # Within a list of && a failure does not end the script by itself.
    or_end = " || exit 1" if call.command else ""
    yield f"  unset crossaccount_session {' '.join(OVERRIDING)}{or_end}"
    if call.command:
        yield " ".join(map(quoted, call.command))
