"""``env``: a script that assumes the role and exports the session, or runs a command in it; for each shell.

An environment holds one session, so this kind is of one entry. Every value is quoted for the shell that reads it. A
value that a shell has no safe way to quote (``unquotable``) is refused and never written. ``SHELLS`` is the one table:
a further shell is a class here and its row there.

Sources: https://fishshell.com/docs/current/language.html#quotes,
https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules,
…/about/about_parsing, …/about/about_character_encoding
"""

from __future__ import annotations

import re
import shlex
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from crossaccount.handoff.entry import Entry, HandedOut, HandoffError, mfa_note, notes
from crossaccount.handoff.kinds import Shell
from crossaccount.iam.problem import NOT_GIVEN, Problem

QUERY = "Credentials.[AccessKeyId,SecretAccessKey,SessionToken]"
VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
OVERRIDING = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
"""What some SDKs would prefer to the session: taken out once there is one."""
_ASCII_OR_NOT = re.compile(r"[\x00-\x7f]+|[^\x00-\x7f]")
_UNSAFE = re.compile(r'["%!]')
_NOT_IN_A_COMMENT = re.compile(r"[^\w .,:/@=+'-]", re.ASCII)


@dataclass(frozen=True)
class Call:
    """``aws sts assume-role`` with its options in pairs, and the command that runs in the session, if any.

    ``serial`` is the MFA device whose code the script asks for; empty where none is needed.
    """

    options: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    region: str = ""
    serial: str = ""
    command: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """Everything that a script holds of names and policies, and every word of the command."""
        own = (*(value for _, value in self.options), self.region, self.serial)
        return (*filter(None, own), *self.command)


def call(entry: Entry, command: tuple[str, ...]) -> Call:
    """The call for an entry."""
    parameters = entry.parameters
    options = [("--role-arn", entry.role), ("--role-session-name", parameters.session_name)]
    if parameters.external_id:
        options.append(("--external-id", parameters.external_id))
    if parameters.source_identity:
        options.append(("--source-identity", parameters.source_identity))
    if parameters.duration:
        options.append(("--duration-seconds", str(parameters.duration)))
    # In shorthand: a tag has neither commas nor quotes.
    options += [("--tags", f"Key={key},Value={value}") for key, value in parameters.tags.items()]
    if entry.region:
        options.append(("--region", entry.region))
    options += [("--query", QUERY), ("--output", "text")]
    serial = entry.mfa.serial if parameters.mfa else ""
    return Call(_joined(options), tuple(notes(entry, mfa_note(entry))), entry.region, serial, command)


def _joined(options: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """``--tags`` once, however many: its further values have no option before them."""
    seen: set[str] = set()
    found = []
    for option, value in options:
        found.append(("" if option in seen else option, value))
        seen.add(option)
    return tuple(found)


class ShellScript(Protocol):
    """A shell that scripts can be written for."""

    def quoted(self, text: str) -> str:
        """One word."""
        ...

    def unquotable(self, text: str) -> bool:
        """Whether there is no way to write a text."""
        ...

    def script(self, call: Call) -> str:
        """The script: alone to be read into a shell, with a command to be run."""
        ...


class _Unix(ABC):
    """What sh and fish have in common."""

    use = ""
    """How a script without a command is read into a shell."""
    interpreter = ""

    def quoted(self, text: str) -> str:
        """One word."""
        return shlex.quote(text)

    def unquotable(self, text: str) -> bool:
        """No argument has a NUL."""
        return "\0" in text

    def script(self, call: Call) -> str:
        """The script: alone to be read into a shell, with a command to be run."""
        return "\n".join([*self._head(call), *self.lines(call)]) + "\n"

    @abstractmethod
    def lines(self, call: Call) -> Iterator[str]:
        """The lines below the notes."""

    def _head(self, call: Call) -> Iterator[str]:
        if call.command:
            yield f"#!{self.interpreter}"
        yield from (f"# {note}" for note in call.notes)
        if not call.command:
            yield f"# {self.use}"

    def _options(self, call: Call, code: str) -> str:
        """The options of ``aws sts assume-role``, one a line; ``code`` is the variable with the MFA code."""
        pairs = [f"    {option} {self.quoted(value)}".replace("     ", "    ", 1) for option, value in call.options]
        if call.serial:
            pairs += [f"    --serial-number {self.quoted(call.serial)}", f"    --token-code {code}"]
        return " \\\n".join(pairs)


class Posix(_Unix):
    """sh, and every shell that reads its language: dash, bash, zsh, ksh."""

    use = 'eval "$(crossaccount handoff env ...)", or save it and: . ./FILE'
    interpreter = "/bin/sh"

    def lines(self, call: Call) -> Iterator[str]:
        """The lines below the notes."""
        if call.serial:
            yield f"printf 'MFA code of %s: ' {self.quoted(call.serial)} >&2"
            yield "read -r crossaccount_code"
        yield 'crossaccount_session="$('
        yield "  aws sts assume-role \\"
        yield self._options(call, '"$crossaccount_code"')
        yield ')" &&'
        for field, variable in enumerate(VARIABLES, start=1):
            yield f'  {variable}="$(printf \'%s\\n\' "$crossaccount_session" | cut -f {field})" &&'
        regions = "".join(f" {variable}={self.quoted(call.region)}" for variable in REGION_VARIABLES if call.region)
        yield f"  export {' '.join(VARIABLES)}{regions} &&"
        # Within a list of && a failure does not end the script by itself.
        or_end = " || exit 1" if call.command else ""
        yield f"  unset crossaccount_session {' '.join(OVERRIDING)}{or_end}"
        if call.command:
            yield " ".join(map(self.quoted, call.command))


class Fish(_Unix):
    """fish: within single quotes only a backslash and a single quote are special."""

    use = "crossaccount handoff env --shell fish ... | source"
    interpreter = "/usr/bin/env fish"

    def quoted(self, text: str) -> str:
        """One word."""
        escaped = text.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"

    def lines(self, call: Call) -> Iterator[str]:
        """The lines below the notes."""
        if call.serial:
            yield f"read --prompt-str {self.quoted(f'MFA code of {call.serial}: ')} --global crossaccount_code"
        yield "set --global crossaccount_session ("
        yield "  aws sts assume-role \\"
        yield self._options(call, "$crossaccount_code") + " | string split \\t"
        yield ")"
        yield "if test (count $crossaccount_session) -eq 3"
        for field, variable in enumerate(VARIABLES, start=1):
            yield f"  set --global --export {variable} $crossaccount_session[{field}]"
        for variable in REGION_VARIABLES if call.region else ():
            yield f"  set --global --export {variable} {self.quoted(call.region)}"
        yield f"  set --erase crossaccount_session {' '.join(OVERRIDING)}"
        if call.command:
            yield f"  {' '.join(map(self.quoted, call.command))}"
        else:
            yield "  true"
        yield "else"
        yield "  false"
        yield "end"


class PowerShell:
    """PowerShell: within single quotes only a single quote is special, and must be doubled.

    Four more characters count as a single quote. They and all else beyond ASCII are written as numbers: without a byte
    order mark Windows PowerShell 5 reads a script in the machine's own encoding, where a byte of a letter may be a
    quote. On the way to a program it also loses a double quote, an empty word, and the end of a word with blanks if
    that is a backslash: such a word is refused.
    """

    use = "crossaccount handoff env --shell powershell ... | Out-String | Invoke-Expression"

    def quoted(self, text: str) -> str:
        """One word, or an expression in brackets that is one."""
        if text.isascii():
            return _verbatim(text)
        parts = (_verbatim(part) if part.isascii() else _as_numbers(part) for part in _ASCII_OR_NOT.findall(text))
        return f"('' + {' + '.join(parts)})"

    def unquotable(self, text: str) -> bool:
        """Whether there is no way to hand it to a program in every version."""
        ends_badly = text.endswith("\\") and any(character.isspace() for character in text)
        return not text or "\0" in text or '"' in text or ends_badly

    def script(self, call: Call) -> str:
        """The script: alone to be read into a shell, with a command to be run."""
        return "\n".join(self._lines(call)) + "\n"

    def _lines(self, call: Call) -> Iterator[str]:
        yield from (f"# {note}" for note in call.notes)
        if not call.command:
            yield f"# {self.use}"
        arguments = [each for option, value in call.options for each in (option, self.quoted(value)) if each]
        if call.serial:
            yield f"$crossaccountCode = Read-Host {self.quoted(f'MFA code of {call.serial}')}"
            arguments += ["--serial-number", self.quoted(call.serial), "--token-code", "$crossaccountCode"]
        # Without aws, PowerShell continues with the next line, and the last exit code is an older one.
        yield "$crossaccountSession = $null"
        yield f"$crossaccountSession = aws sts assume-role {' '.join(arguments)}"
        yield "if (-not $crossaccountSession -or $LASTEXITCODE -ne 0) { throw 'the role could not be assumed' }"
        yield '$crossaccountSession = "$crossaccountSession".Split("`t")'
        for field, variable in enumerate(VARIABLES):
            yield f"$env:{variable} = $crossaccountSession[{field}]"
        for variable in REGION_VARIABLES if call.region else ():
            yield f"$env:{variable} = {self.quoted(call.region)}"
        yield f"Remove-Item {', '.join(_verbatim(f'Env:{each}') for each in OVERRIDING)} -ErrorAction SilentlyContinue"
        yield "Remove-Variable crossaccountSession"
        if call.command:
            yield f"& {' '.join(map(self.quoted, call.command))}"
            yield "exit $LASTEXITCODE"


class Cmd:
    """cmd.exe: within double quotes ``%`` and ``!`` still mean variables, and nothing escapes a double quote for sure.

    So a value with one of these is refused. All else that cmd knows (``& | < > ^ ( )``) is plain text in the quotes.
    """

    use = "save it as FILE.cmd and: call FILE.cmd"

    def quoted(self, text: str) -> str:
        """One word; a backslash at its end would escape the quote, so it is doubled."""
        backslashes = len(text) - len(text.rstrip("\\"))
        return f'"{text}{chr(92) * backslashes}"'

    def unquotable(self, text: str) -> bool:
        """Whether there is no way to write it."""
        return _UNSAFE.search(text) is not None or not text.isprintable() or not text.isascii()

    def script(self, call: Call) -> str:
        """The script, with the line ends that cmd wants."""
        return "\r\n".join(self._lines(call)) + "\r\n"

    def _lines(self, call: Call) -> Iterator[str]:
        yield "@echo off"
        yield from (f"rem - {_NOT_IN_A_COMMENT.sub('_', note.replace('->', 'to'))}" for note in call.notes)
        if not call.command:
            yield f"rem - {self.use}"
        if call.command:
            yield "setlocal DisableDelayedExpansion"
        arguments = [each for option, value in call.options for each in (option, self.quoted(value)) if each]
        if call.serial:
            yield f'set /p "CROSSACCOUNT_CODE=MFA code of {call.serial}: "'
            arguments += ["--serial-number", self.quoted(call.serial), "--token-code", '"%CROSSACCOUNT_CODE%"']
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
            yield " ".join(map(self.quoted, call.command))


def _verbatim(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _as_numbers(character: str) -> str:
    """A character as the one or two ``[char]`` of UTF-16 that PowerShell keeps it as."""
    units = character.encode("utf-16-be", "surrogatepass")
    return " + ".join(f"[char]{int.from_bytes(units[i : i + 2])}" for i in range(0, len(units), 2))


POSIX, FISH, POWERSHELL, CMD = Posix(), Fish(), PowerShell(), Cmd()
SHELLS: Mapping[Shell, ShellScript] = {
    Shell.sh: POSIX,
    Shell.fish: FISH,
    Shell.powershell: POWERSHELL,
    Shell.cmd: CMD,
}


@dataclass(frozen=True)
class EnvScript:
    """A script for a shell, with the words of a command that runs in the session; none: the shell itself gets it."""

    shell: Shell = Shell.sh
    command: tuple[str, ...] = ()

    def able(self, entry: Entry) -> Entry | str:
        """Every entry: ``aws sts assume-role`` has an option for every parameter."""
        return entry

    def text(self, handed: HandedOut) -> str:
        """The script of the only entry; empty if there is none.

        Raises:
            HandoffError: there are several, or a value cannot be written for the shell.
        """
        if not handed.entries:
            return ""
        if len(handed.entries) > 1:
            titles = "; ".join(entry.title for entry in handed.entries)
            fix = "choose with --for and --role"
            raise HandoffError(
                [Problem("env", f"an environment holds one session, here are several: {titles}", NOT_GIVEN, fix)]
            )
        made, writer = call(handed.entries[0], self.command), SHELLS[self.shell]
        refused = [value for value in made.values if writer.unquotable(value)]
        if refused:
            what = f"{self.shell} has no safe way to write this"
            fix = "use another shell, or put the command into a file"
            raise HandoffError(Problem("env", what, value, fix) for value in refused)
        return writer.script(made)
