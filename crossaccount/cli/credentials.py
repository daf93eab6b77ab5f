"""Whose credentials a stack's are: asked for ``doctor``, as the job and the ``aws`` provider would find them."""

from __future__ import annotations

from collections.abc import Callable, Mapping


def account_finder() -> Callable[[Mapping[str, object]], str]:
    """The account of the credentials that a stack's config leads to; raises OSError with one line where it has none."""
    from botocore.exceptions import BotoCoreError, ClientError

    from crossaccount.job.review.clients import SharedClients
    from crossaccount.job.review.credentials import NotReadable, stack_credentials

    clients = SharedClients()

    def account_of(config: Mapping[str, object]) -> str:
        try:
            how = stack_credentials(config)
            with clients.signed_as(how):
                return str(clients.client("sts", how).get_caller_identity()["Account"])
        except (NotReadable, BotoCoreError, ClientError) as error:
            raise OSError(" ".join(str(error).split())) from None

    return account_of
