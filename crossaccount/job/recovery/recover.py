"""The repair of a stack with its own credentials, which look up what a killed update may have made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from pulumi import automation

from crossaccount.engine.work import Work
from crossaccount.job.events import Tell
from crossaccount.job.recovery.orphans import Clients
from crossaccount.job.recovery.repair import NotRepaired, Repair
from crossaccount.job.review.credentials import NotReadable
from crossaccount.job.review.live import LiveAccounts
from crossaccount.settings import read_project


def recover(stack: automation.Stack, work: Work, folder: Path, update: Callable[[], None], tell: Tell) -> None:
    """Repair the stack whose files are in ``folder``, then do ``update``.

    Raises:
        NotRepaired, automation.CommandError: see :class:`~crossaccount.job.recovery.repair.Repair`.
    """
    signed_in = partial(signed_in_to, folder, work.stack)
    Repair(stack, work.account_id, work.gone, signed_in, tell).run(update)


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
