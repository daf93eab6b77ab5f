"""AWS as a stack's own credentials see it, for looking up what a killed update may have made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from crossaccount.job.recovery.orphans import Clients
from crossaccount.job.recovery.repair import NotRepaired
from crossaccount.job.review.credentials import NotReadable
from crossaccount.job.review.live import LiveAccounts
from crossaccount.settings import read_project


@contextmanager
def signed_in_to(folder: Path, stack: str) -> Iterator[Clients]:
    """The clients, by service, of the stack whose files are in ``folder``.

    Raises:
        NotRepaired: its credentials are not known here, or AWS refuses a call made within.
    """
    fix = "look up by hand what AWS made, pulumi import it, then pulumi refresh --clear-pending-creates"
    with closing(LiveAccounts(read_project(folder).stacks)) as accounts:
        try:
            with accounts.signed_in(stack) as clients:
                yield clients
        except NotReadable as error:
            raise NotRepaired(f"what the killed update made cannot be looked up: {error}", fix) from None
