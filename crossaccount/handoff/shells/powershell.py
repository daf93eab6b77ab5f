"""PowerShell: within single quotes only a single quote is special, and it counts four more characters as one.

Windows PowerShell 5 hands an argument with a double quote to a program without it: such a command is refused.

Source: https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crossaccount.handoff.shells.call import OVERRIDING, REGION_VARIABLES, VARIABLES, Call

USE = "crossaccount handoff env --shell powershell ... | Out-String | Invoke-Expression"
_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")


def quoted(text: str) -> str:
    """One word."""
    return "'" + _QUOTES.sub(lambda found: found[0] * 2, text) + "'"


def unquotable(text: str) -> bool:
    """Whether there is no way to hand it to a program in every version."""
    return "\0" in text or '"' in text


def script(call: Call) -> str:
    """The script: alone to be read into a shell, with a command to be run."""
    return "\n".join(_lines(call)) + "\n"


def _lines(call: Call) -> Iterator[str]:
    yield from (f"# {note}" for note in call.notes)
    if not call.command:
        yield f"# {USE}"
    arguments = [each for option, value in call.options for each in (option, quoted(value)) if each]
    if call.serial:
        yield f"$crossaccountCode = Read-Host {quoted(f'MFA code of {call.serial}')}"
        arguments += ["--serial-number", quoted(call.serial), "--token-code", "$crossaccountCode"]
    yield f"$crossaccountSession = aws sts assume-role {' '.join(arguments)}"
    yield "if ($LASTEXITCODE -ne 0) { throw 'the role could not be assumed' }"
    yield '$crossaccountSession = "$crossaccountSession".Split("`t")'
    for field, variable in enumerate(VARIABLES):
        yield f"$env:{variable} = $crossaccountSession[{field}]"
    for variable in REGION_VARIABLES if call.region else ():
        yield f"$env:{variable} = {quoted(call.region)}"
    yield f"Remove-Item {', '.join(f'Env:{each}' for each in OVERRIDING)} -ErrorAction SilentlyContinue"
    yield "Remove-Variable crossaccountSession"
    if call.command:
        yield f"& {' '.join(map(quoted, call.command))}"
        yield "exit $LASTEXITCODE"
