"""The AWS CLI as a server: it starts once, and each command is a fork of it. Its own start takes a second.

``python forking_aws.py SOCKET`` with the AWS CLI's Python serves; ``CLIENT`` is the command ``aws`` that asks it.
"""

from __future__ import annotations

import io
import json
import os
import socket
import sys
from contextlib import redirect_stderr, redirect_stdout, suppress
from typing import Any

CLIENT = """#!{python} -SE
import socket, sys, json
with socket.socket(socket.AF_UNIX) as asked:
    asked.connect({path!r})
    asked.sendall(json.dumps(sys.argv[1:]).encode() + b"\\n")
    answer = json.loads(asked.makefile().read())
sys.stdout.write(answer["out"])
sys.stderr.write(answer["err"])
sys.exit(answer["code"])
"""


def _answer(driver: Any, arguments: list[str]) -> bytes:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = driver.main(arguments)
        except SystemExit as ended:
            code = ended.code
    return json.dumps({"code": code, "out": out.getvalue(), "err": err.getvalue()}).encode()


def _serve(path: str) -> None:
    from awscli.clidriver import create_clidriver  # type: ignore[import-not-found]

    driver = create_clidriver()
    loader = driver.session.get_component("data_loader")
    for service in ("iam", "sts"):
        for kind in ("service-2", "paginators-1", "waiters-2", "endpoint-rule-set-1"):
            with suppress(Exception):  # a service has no such file
                loader.load_service_model(service, kind)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        while True:
            caller, _ = server.accept()
            with caller:
                if os.fork() == 0:
                    caller.sendall(_answer(driver, json.loads(caller.makefile().readline())))
                    os._exit(0)
            os.wait()


if __name__ == "__main__":
    _serve(sys.argv[1])
