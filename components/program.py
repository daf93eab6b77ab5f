"""The program of every stack: its config in, both sides of its account out."""

import json
import os
import sys
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from .uncollected import uncollected

with uncollected():
    import pulumi

    from crossaccount.iam.problem import Problem
    from crossaccount.settings import CompiledStack, SettingsError, compile_stack
    from crossaccount.settings.prints import differences, not_reviewed
    from crossaccount.settings.project import HANDED_ON

    from .access_lines import access_lines, messages
    from .contract import References, Upstreams, last_deployed, outputs
    from .declaration import (
        control_policies,
        identity_providers,
        managed_policies,
        sign_in,
        trusted_account,
        trusting_account,
    )
    from .stack_config import effective_config


def main() -> None:
    """Run the program as the whole of a process that the pulumi CLI started."""
    sys.excepthook = _without_interrupts
    handed_on = json.loads(os.environ.get(HANDED_ON) or "{}")
    reviewed, root = handed_on.get("reviewed"), handed_on.get("root")
    if reviewed and (found := differences(reviewed, effective_config())):
        raise _refusal([not_reviewed(found)])
    with uncollected():
        now = handed_on.get("now")
        at = datetime.fromisoformat(now) if now else None
        program(handed_on.get("references"), Path(root) if root else None, now=at)


def program(
    references: References | None = None,
    root: Path | None = None,
    compiled: CompiledStack | None = None,
    *,
    given: bool = False,
    now: datetime | None = None,
) -> None:
    """Declare the account that the stack's config describes.

    ``references`` gives the outputs of the accounts under ``reads``, by account name, in place of what is deployed.
    ``root`` is the folder of ``Pulumi.yaml``, where ``crossaccount:include`` looks; Pulumi knows it unless the program
    runs inline. ``compiled`` is the compiled stack, if the caller has it already. ``given`` is for what a proof gives:
    such a stack may describe roles under paths that AWS keeps for itself. ``now`` is the time of the run, by which it
    is decided what has ended; by default the present time.

    Raises:
        pulumi.RunError: anything wrong with the config or with an upstream, all of it in one report, before the first
            resource is registered.
    """
    root = root or _root_directory()
    reviewed, compiled = compiled is not None, compiled or _compiled(root, now, given=given)
    settings, documents = compiled.settings, compiled.documents
    upstreams = Upstreams(settings, references, root)
    if found := [*upstreams.problems, *upstreams.not_exported(compiled), *compiled.problems]:
        raise _refusal(found)
    # The review has reported already what has ended.
    for warning in settings.warnings if reviewed else compiled.warnings:
        pulumi.log.warn(str(warning))
    access = access_lines(compiled)
    # With outputs handed in nobody updates a stack: there is nothing to compare with.
    deployed = last_deployed() if references is None else {}
    for message in messages(deployed.get("access"), access, settings):
        pulumi.log.info(message)

    made = _made()
    policies = managed_policies(settings, documents)
    trusted = trusted_account(settings, documents, policies)
    providers = identity_providers(settings)
    sign_in(settings)
    trusting_account(settings, documents, policies, trusted, providers)
    control_policies(settings)
    for name, value in outputs(settings, trusted.handover if trusted else {}, access).items():
        pulumi.export(name, _once(made, value))


def _made() -> list[pulumi.Resource]:
    """The resources that the program declares from here on, in a list that grows with them."""
    made: list[pulumi.Resource] = []

    def keep(args: pulumi.ResourceTransformationArgs) -> None:
        made.append(args.resource)

    pulumi.runtime.register_stack_transformation(keep)
    return made


def _once(made: list[pulumi.Resource], value: Any) -> pulumi.Output[Any]:
    """``value``, once all of ``made`` are; it is known in a preview, as URNs are.

    Where one of them cannot be made the stack keeps the outputs that it had.
    """
    urns = pulumi.Output.all(*(each.urn for each in made))
    return pulumi.Output.all(urns, value).apply(lambda both: both[1])


def _compiled(root: Path | None, now: datetime | None, *, given: bool) -> CompiledStack:
    try:
        return compile_stack(effective_config(), root=root, given=given, now=now)
    except SettingsError as error:
        raise _refusal(error.problems) from None


def _refusal(problems: Any) -> pulumi.RunError:
    lines: list[Problem] = list(dict.fromkeys(problems))
    return pulumi.RunError("\n".join(str(line) for line in lines))


def _root_directory() -> Path | None:
    directory: str | None = pulumi.get_root_directory()
    return Path(directory) if directory else None


def _without_interrupts(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The engine ends a failed run by interrupting the program. It has said why; a traceback would bury that."""
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
