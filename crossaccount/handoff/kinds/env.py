"""``env``: a script that assumes the role and exports the session, and runs a command in it if there is one.

An environment holds one session, so this kind is of one entry.
"""

from __future__ import annotations

from types import ModuleType

from crossaccount.handoff.entry import Entry, HandedOut
from crossaccount.handoff.errors import HandoffError
from crossaccount.handoff.kinds.names import Shell
from crossaccount.handoff.shells import cmd, fish, posix, powershell
from crossaccount.handoff.shells.call import call
from crossaccount.iam.problem import NOT_GIVEN, Problem


def able(entry: Entry) -> Entry | str:
    """Every entry: ``aws sts assume-role`` has an option for all that can be asked."""
    return entry


def text(handed: HandedOut, shell: Shell, command: tuple[str, ...] = ()) -> str:
    """The script of the one entry; nothing where there is none.

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
    made, writer = call(handed.entries[0], command), _writer(shell)
    refused = [value for value in made.values if writer.unquotable(value)]
    if refused:
        what = f"{shell} has no safe way to write this"
        fix = "take another shell, or put the command into a file of its own"
        raise HandoffError(Problem("env", what, value, fix) for value in refused)
    return str(writer.script(made))


def _writer(shell: Shell) -> ModuleType:
    return {Shell.sh: posix, Shell.fish: fish, Shell.powershell: powershell, Shell.cmd: cmd}[shell]
