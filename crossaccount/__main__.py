"""The ``crossaccount`` command as it is started: also ``python -m crossaccount``.

Its imports take a moment. Whoever stops it meanwhile, by Ctrl-C, SIGTERM or a closed terminal (SIGHUP), gets one line
and the documented exit code. So signals are taken before anything else is imported. A signal that is ignored, as under
``nohup``, stays ignored.
"""

import os
import signal
import sys
import warnings

INTERRUPTED = 130
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


def main() -> None:
    """Run the command. Exit code 130 and one line on stderr where it is stopped."""
    try:
        _open_closed_streams()
        for each in SIGNALS:
            if signal.getsignal(each) in (signal.SIG_DFL, signal.default_int_handler):
                signal.signal(each, _stop)
        from crossaccount.cli import main as command

        command()
    except KeyboardInterrupt as stopped:
        # A second signal must not end this line in a traceback.
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        # The work is abandoned on purpose. Python must not warn of coroutines that were never awaited.
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            print(f"interrupted by {stopped.args[0] if stopped.args else 'SIGINT'}", file=sys.stderr)
        finally:
            sys.exit(INTERRUPTED)


def _open_closed_streams() -> None:
    """Stdin and stderr that the caller closed (``<&-``, ``2>&-``) are the null device.

    Else the next file that is opened would get their number, and messages would be written into it. A closed stdout
    stays closed: then the command does not start.
    """
    for number, name, mode in ((0, "stdin", "r"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, mode))


def _stop(number: int, _: object) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)


if __name__ == "__main__":
    main()
