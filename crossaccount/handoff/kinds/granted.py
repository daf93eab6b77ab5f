"""``granted``: a profile registry for Granted: ``granted.yml`` and the config that it names, in one folder of a Git
repository.

Source: https://docs.commonfate.io/granted/usage/profile-registry
"""

from __future__ import annotations

from collections.abc import Mapping

from crossaccount.handoff.entry import HandedOut
from crossaccount.handoff.kinds import profiles

able = profiles.able
INDEX, CONFIG = "granted.yml", "config"


def files(handed: HandedOut) -> Mapping[str, str]:
    """The registry's files, by name."""
    return {INDEX: f"awsConfig:\n  - ./{CONFIG}\n", CONFIG: profiles.text(handed)}


def text(handed: HandedOut) -> str:
    """Both files one after the other, for people to look at."""
    return "\n".join(f"# {name}\n{content}" for name, content in files(handed).items())
