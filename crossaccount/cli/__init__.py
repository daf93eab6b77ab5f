"""The ``crossaccount`` command: one module per group of commands, joined here.

Heavy imports wait for the command that needs them: ``--help`` must be instant, and nothing that only reads JSON may
import pulumi.

Exit codes: 0 all is well; 1 the answer is "no", or an operation failed; 2 bad input or usage; 3 ``--fail-on`` tripped;
130 interrupted.
"""

from __future__ import annotations

import sys

from crossaccount.cli.app import app
from crossaccount.cli.rehearsals import demo, rehearse

__all__ = ["app", "main"]

app.command(epilog="Example: crossaccount rehearse tutorial --engine in-process")(rehearse)
app.command(epilog="Example: crossaccount demo --engine pulumi")(demo)


def main() -> None:
    """Entry point: Ctrl-C ends with 130 and without a traceback."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
