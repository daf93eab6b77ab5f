"""The effective config of the running stack, by full key."""

import os
from typing import Any

from pulumi.runtime.config import CONFIG, get_config_env


def effective_config() -> dict[str, Any]:
    """Every config value that Pulumi hands to the program, by full key; structured values are JSON text.

    Pulumi's own ``Config`` finds a key only by its name. To refuse unknown keys all of them are needed: inline programs
    and tests hold them in ``CONFIG``, the language host in the environment.
    """
    inline = CONFIG.get()
    return dict(inline) if inline or "PULUMI_CONFIG" not in os.environ else dict(get_config_env())
