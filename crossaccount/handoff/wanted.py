"""What a hand-off is asked for: the options that shape it, checked before anything is made of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crossaccount.access.requirements.asking import is_session_name
from crossaccount.handoff.errors import HandoffError
from crossaccount.iam.problem import Problem


@dataclass(frozen=True)
class Wanted:
    """What was asked for on the command line, by ARN; None is all, or the default."""

    principal: str | None = None
    role: str | None = None
    session_name: str | None = None
    region: str | None = None
    source_profile: str | None = None

    def check(self) -> None:
        """Refuse what STS or a file of profiles would not take.

        Raises:
            HandoffError: with every problem.
        """
        problems = []
        if self.session_name is not None and not is_session_name(self.session_name):
            fix = "leave the others out"
            what = "a session name has 2 to 64 of the characters A-Z, a-z, 0-9 and _+=,.@-"
            problems.append(Problem("--session-name", what, self.session_name, fix))
        if self.region is not None and not re.match(r"\A[a-z]{2}(-[a-z]+)+-[0-9]+\Z", self.region):
            problems.append(Problem("--region", "no region is called that", self.region, "write one like us-west-2"))
        if self.source_profile is not None and not re.match(r"\A[\w./@%+:-]+\Z", self.source_profile, re.ASCII):
            what = "a profile's name has only letters, digits and _./@%+:-"
            problems.append(Problem("--source-profile", what, self.source_profile, "rename the profile"))
        if problems:
            raise HandoffError(problems)
