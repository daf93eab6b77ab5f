"""Keep passwords out of the logs of whoever turns on debug logging for everything.

botocore logs every request with its parameters and every answer with its body at debug level. A login profile's
password, an access key's secret and a secret's value are among them.
"""

from __future__ import annotations

import logging

_LOGGERS = ("botocore.endpoint", "botocore.parsers")


def keep_bodies_out_of_logs() -> None:
    """Let botocore log requests and answers at no lower level than INFO, for the whole process, from now on."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if logger.level < logging.INFO:
            logger.setLevel(logging.INFO)
