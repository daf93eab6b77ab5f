"""``env``: a script that assumes the role and exports the session, and runs a command in it if there is one.

An environment holds one session, so this kind is of one entry.
"""

from __future__ import annotations

from dataclasses import dataclass

from crossaccount.handoff.entry import Entry, HandedOut, HandoffError
from crossaccount.handoff.kinds import Shell
from crossaccount.handoff.kinds.shells import SHELLS, call
from crossaccount.iam.problem import NOT_GIVEN, Problem


@dataclass(frozen=True)
class EnvScript:
    """A script for a shell, with the words of a command that runs in the session; none: the shell itself gets it."""

    shell: Shell = Shell.sh
    command: tuple[str, ...] = ()

    def able(self, entry: Entry) -> Entry | str:
        """Every entry: ``aws sts assume-role`` has an option for all that can be asked."""
        return entry

    def text(self, handed: HandedOut) -> str:
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
        made, writer = call(handed.entries[0], self.command), SHELLS[self.shell]
        refused = [value for value in made.values if writer.unquotable(value)]
        if refused:
            what = f"{self.shell} has no safe way to write this"
            fix = "take another shell, or put the command into a file of its own"
            raise HandoffError(Problem("env", what, value, fix) for value in refused)
        return writer.script(made)
