"""PowerShell: within single quotes only a single quote is special, and doubled it stands for itself.

Four more characters count as a single quote. They and all else beyond ASCII are written as numbers: without a byte
order mark Windows PowerShell 5 reads a script in the machine's own encoding, where a byte of a letter may be a quote.
On the way to a program it also loses a double quote, an empty word, and the end of a word with blanks if that is a
backslash: such a word is refused.

Source: https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules,
…/about/about_parsing, …/about/about_character_encoding
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crossaccount.handoff.shells.call import OVERRIDING, REGION_VARIABLES, VARIABLES, Call

USE = "crossaccount handoff env --shell powershell ... | Out-String | Invoke-Expression"
_ASCII_OR_NOT = re.compile(r"[\x00-\x7f]+|[^\x00-\x7f]")


def quoted(text: str) -> str:
    """One word, or an expression in brackets that is one."""
    if text.isascii():
        return _verbatim(text)
    parts = (_verbatim(part) if part.isascii() else _as_numbers(part) for part in _ASCII_OR_NOT.findall(text))
    return f"('' + {' + '.join(parts)})"


def _verbatim(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _as_numbers(character: str) -> str:
    """A character as the one or two ``[char]`` of UTF-16 that PowerShell keeps it as."""
    units = character.encode("utf-16-be", "surrogatepass")
    return " + ".join(f"[char]{int.from_bytes(units[i : i + 2])}" for i in range(0, len(units), 2))


def unquotable(text: str) -> bool:
    """Whether there is no way to hand it to a program in every version."""
    ends_badly = text.endswith("\\") and any(character.isspace() for character in text)
    return not text or "\0" in text or '"' in text or ends_badly


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
    # Where there is no aws at all, PowerShell goes on to the next line, and the last exit code is an older one.
    yield "$crossaccountSession = $null"
    yield f"$crossaccountSession = aws sts assume-role {' '.join(arguments)}"
    yield "if (-not $crossaccountSession -or $LASTEXITCODE -ne 0) { throw 'the role could not be assumed' }"
    yield '$crossaccountSession = "$crossaccountSession".Split("`t")'
    for field, variable in enumerate(VARIABLES):
        yield f"$env:{variable} = $crossaccountSession[{field}]"
    for variable in REGION_VARIABLES if call.region else ():
        yield f"$env:{variable} = {quoted(call.region)}"
    yield f"Remove-Item {', '.join(_verbatim(f'Env:{each}') for each in OVERRIDING)} -ErrorAction SilentlyContinue"
    yield "Remove-Variable crossaccountSession"
    if call.command:
        yield f"& {' '.join(map(quoted, call.command))}"
        yield "exit $LASTEXITCODE"
