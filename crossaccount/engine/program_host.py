"""Runs a project's own program in the project's own Python.

This file is run by its path, in the project's virtual environment. So it imports only the standard library and
``pulumi``. It reads what to run as JSON from stdin. It writes the result as JSON to the file ``result``: an empty
object, or the error and the program's line that caused it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import runpy
import sys
import traceback
from typing import Any


def main() -> int:
    """Run the program. 0 if it ended well."""
    request = json.load(sys.stdin)
    try:
        error = _run(request)
    except ImportError as missing:
        error = {"error": f"{type(missing).__name__}: {missing}", "line": "", "module": missing.name or ""}
    with open(request["result"], "w", encoding="utf-8") as result:
        json.dump(error, result)
    return 1 if error else 0


def _run(request: dict[str, Any]) -> dict[str, str]:
    import pulumi
    import pulumi.runtime
    from pulumi.runtime.stack import run_in_stack

    os.chdir(request["directory"])
    # As with the CLI, imports are found in the program's folder first, and not in the folder of this file.
    sys.path[0] = request["directory"]
    sys.argv = [request["program"]]
    pulumi.runtime.set_all_config(request["config"], request["secret_keys"])
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=request["project"],
            stack=request["stack"],
            monitor=request["address"],
            engine=request["address"],
            parallel=4,
            dry_run=request["dry_run"],
            organization=request["organization"],
            root_directory=request["root"],
        )
    )
    # Tasks that still wait when a program fails are of no interest to the user.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(run_in_stack(lambda: _program(request["program"])))
    except SystemExit as ended:
        if ended.code not in (None, 0):
            return {"error": f"the program ended itself with exit code {ended.code}", "line": _line(ended, request)}
    except pulumi.RunError as refused:
        return {"error": str(refused), "line": ""}
    except BaseException as error:
        words = traceback.format_exception_only(type(error), error)[-1].strip()
        return {"error": words, "line": _line(error, request)}
    return {}


def _program(path: str) -> None:
    runpy.run_path(path, run_name="__main__")


def _line(error: BaseException, request: dict[str, Any]) -> str:
    """The innermost line of the traceback in the project's own files."""
    folders = [os.path.realpath(request["directory"]) + os.sep, os.path.realpath(request["root"]) + os.sep]
    found = ""
    for frame in traceback.extract_tb(error.__traceback__):
        file = os.path.realpath(frame.filename)
        if os.path.isfile(file) and "site-packages" not in file and any(file.startswith(folder) for folder in folders):
            found = f"{os.path.relpath(file, os.path.realpath(request['root']))}, line {frame.lineno}"
    if isinstance(error, SyntaxError) and error.filename:
        found = f"{os.path.relpath(error.filename, os.path.realpath(request['root']))}, line {error.lineno}"
    return found


if __name__ == "__main__":
    # The engine, which is the parent process, may be gone: then nothing can receive the message.
    code = main()
    sys.stdout.flush()
    os._exit(code)
