"""The ``crossaccount`` command as it is started: also ``python -m crossaccount``.

Its imports take a moment. Whoever stops it meanwhile, by Ctrl-C, SIGTERM or a closed terminal (SIGHUP), gets one line
and the documented exit code. So signals are taken before anything else is imported. A signal that is ignored, as under
``nohup``, stays ignored.
"""

import signal
import sys

INTERRUPTED = 130
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


def main() -> None:
    """Run the command. Exit code 130 and one line on stderr where it is stopped."""
    try:
        for each in SIGNALS:
            if signal.getsignal(each) in (signal.SIG_DFL, signal.default_int_handler):
                signal.signal(each, _stop)
        from crossaccount.cli import main as command

        command()
    except KeyboardInterrupt as stopped:
        # A second signal must not end this line in a traceback.
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        try:
            print(f"interrupted by {stopped.args[0] if stopped.args else 'SIGINT'}", file=sys.stderr)
        finally:
            sys.exit(INTERRUPTED)


def _stop(number: int, _: object) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)


if __name__ == "__main__":
    main()
