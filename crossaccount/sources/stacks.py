"""``stack:[DIR/]NAME``: a stack of a project on disk, and what it declares, without deploying anything.

:class:`Recorder` runs the program and records its resources. Upstream outputs are those of the upstream stacks,
recorded first: the estate is what ``pulumi up`` of all stacks would make, whatever was deployed before. A stack of
another project cannot be recorded from here, and is refused with a way out. Recording takes some 50 ms of processor
time for each stack.

:class:`SettingsReader` describes a stack from its settings without running the program. That is what the packaged
program makes of it, and needs neither Pulumi nor its half a second. A program of the project's own is always recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crossaccount.bootstrap.resources import with_bootstrap
from crossaccount.engine.deployment import Deployment, DeploymentError, Program, Stack
from crossaccount.engine.own_program import OwnProgram, not_run, own_program
from crossaccount.engine.provider_accounts import account_of
from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, BadInput, Problem
from crossaccount.settings import CompiledStack, Project, Settings, SettingsError, read_project
from crossaccount.settings.project import stack_file
from crossaccount.sources.declared import details
from crossaccount.sources.details import Described, Display
from crossaccount.sources.errors import SourceError, refusal, within
from crossaccount.sources.names import displays


@dataclass(frozen=True)
class NamedStack:
    """A stack's name and the project in whose folder it was looked up. The project need not have it."""

    where: str
    project: Project
    name: str
    account: str = ""
    """The account that the source names, as an ID."""

    @property
    def config(self) -> Mapping[str, Any]:
        """The stack's effective config; empty where the project has no such stack."""
        return self.project.stacks.get(self.name, {})


def find_stack(text: str, directory: Path, where: str, read: Callable[[Path], Project] = read_project) -> NamedStack:
    """The stack that ``[DIR/]NAME`` means, seen from ``directory``.

    ``read`` reads a project; with a cache, many stacks of one project read it once.

    Raises:
        SourceError: no name, no project, or a project whose files are wrong.
    """
    folder, _, name = text.rpartition("/")
    if not name:
        kind = where.partition(":")[0]
        raise refusal(where, "names no stack", text, f"write {kind}:NAME or {kind}:DIR/NAME")
    try:
        return NamedStack(where, read(directory / folder), name)
    except SettingsError as error:
        raise within(where, error.problems) from None


def must_exist(stack: NamedStack) -> None:
    """Refuse a stack that the project does not have.

    Raises:
        SourceError: with the nearest name.
    """
    known = stack.project.stacks
    if stack.name not in known:
        fix = did_you_mean(stack.name, known, f"write {stack_file(stack.name)}")
        raise refusal(stack.where, "no such stack in the project", stack.name, fix)


def names_in_config(config: Mapping[str, Any]) -> dict[str, str]:
    """The address book of an unchecked config: the entries that can be used."""
    return {name: str(entry["id"]) for name, entry in _book(config).items()}


def displays_in_config(config: Mapping[str, Any]) -> dict[str, Display]:
    """How that address book wants accounts shown, by ID."""
    found = {str(entry["id"]): entry for entry in _book(config).values()}
    return {key: Display(str(e.get("display_name") or ""), str(e.get("color") or "")) for key, e in found.items()}


def _book(config: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    book = config.get("crossaccount:accounts")
    if not isinstance(book, Mapping):
        return {}
    entries = {str(name): entry for name, entry in book.items() if isinstance(entry, Mapping)}
    return {name: e for name, e in entries.items() if isinstance(e.get("id"), str) and ACCOUNT_ID.match(e["id"])}


class SettingsReader:
    """Describes the stacks that are ``compiled``, by name: all of one project."""

    def __init__(self, compiled: Mapping[str, CompiledStack]) -> None:
        self._compiled = compiled
        self._by_id = {each.settings.account_id: each.settings for each in compiled.values()}

    def describe(self, stack: NamedStack) -> Described:
        """The account as the stack's settings make it.

        Raises:
            SourceError: a stack that it reads does not declare what is named.
        """
        compiled = self._compiled[stack.name]
        settings = compiled.settings
        read = [settings.account_ids[account] for account in settings.reads]
        if found := compiled.undeclared(self._by_id[each] for each in read if each in self._by_id):
            raise within(stack.where, found)
        return _by_settings(stack, compiled)


def _by_settings(stack: NamedStack, compiled: CompiledStack) -> Described:
    """The account as the packaged program makes it."""
    settings = compiled.settings
    return Described(
        stack.where,
        settings.account_id,
        _with_pipeline(compiled.details, stack, compiled),
        settings.account_ids,
        displays=displays(settings.accounts.values()),
        region=settings.region or "",
        whole=False,
    )


@dataclass(frozen=True)
class AnyProgram:
    """A recorded program that is not ours, with the account of its default provider."""

    made: Deployment
    account_id: str
    region: str


def is_ours(stack: NamedStack) -> bool:
    """Whether a stack is one of ours: its config is, or its project has no program of its own."""
    must_exist(stack)
    if any(key.startswith(OUR_KEYS) for key in stack.config):
        return True
    try:
        return own_program(stack.project) is None
    except SettingsError as error:
        raise within(stack.where, error.problems) from None


OUR_KEYS = "crossaccount:"
"""How the keys of a stack's config begin that is one of ours."""
Key = tuple[str, str]
LOOK = "see what the engine does with it: pulumi preview"


class Recorder:
    """Records stacks, each once however many read it.

    ``program`` gives the packaged Pulumi program, loaded when needed. ``may_run`` says of a project's folder whether a
    program of its own may be run.
    """

    def __init__(self, program: Callable[[], Program], may_run: Callable[[Path], bool]) -> None:
        self._program = program
        self._may_run = may_run
        self._recorded: dict[Key, Deployment] = {}
        self._checked: set[Key] = set()

    def describe(self, stack: NamedStack) -> Described:
        """The account as the stack declares it: by its settings, or by the project's own program.

        Raises:
            SourceError: the stack's or an upstream's config is wrong, or stacks read each other in a circle.
        """
        compiled = _compiled(stack)
        if self._own(stack) is not None:
            return self.recorded(stack)
        self._check_upstreams(stack, compiled, (stack.name,))
        return _by_settings(stack, compiled)

    def _check_upstreams(self, stack: NamedStack, compiled: CompiledStack, readers: tuple[str, ...]) -> None:
        """What recording checks of the stacks that a stack reads."""
        read: list[Settings] = []
        for upstream in _upstreams_of(stack, compiled, readers):
            above = _compiled(upstream)
            read.append(above.settings)
            if _key(upstream) not in self._checked:
                self._check_upstreams(upstream, above, (*readers, upstream.name))
        if wrong := compiled.undeclared(read):
            raise within(stack.where, wrong)
        self._checked.add(_key(stack))

    def recorded(self, stack: NamedStack) -> Described:
        """The account as the program of the stack makes it, also if it is the packaged program.

        Raises:
            SourceError: as for ``describe``.
        """
        compiled = _compiled(stack)
        settings, deployment = compiled.settings, self._record(stack, compiled, ())
        return Described(
            stack.where,
            settings.account_id,
            _with_pipeline(details(deployment), stack, compiled),
            settings.account_ids,
            displays=displays(settings.accounts.values()),
            region=settings.region or "",
            warnings=tuple(Problem(stack.where, each, NOT_GIVEN, LOOK, "warning") for each in deployment.notes),
            whole=False,
        )

    def deployment(self, stack: NamedStack) -> Deployment:
        """The resources that the stack declares.

        Raises:
            SourceError: as for ``describe``.
        """
        return self._record(stack, _compiled(stack), ())

    def program(self, stack: NamedStack) -> AnyProgram:
        """The program of a stack that is not ours, recorded.

        Raises:
            SourceError: it says of no account, may not be run, or fails.
        """
        from crossaccount.engine.recording import record_any

        own = self._own(stack)
        assert own is not None
        run = Stack.of(stack.project, stack.name)
        account = stack.account or account_of({k.removeprefix("aws:"): v for k, v in run.config.items()})
        if not account:
            fix = f"add aws:allowedAccountIds to {stack_file(stack.name)}, or write {stack.where}@ACCOUNT"
            raise refusal(stack.where, "it does not show which account it works in", NOT_GIVEN, fix)
        try:
            made = record_any(own, replace(run, account=account), deployed=self._deployed(stack))
        except DeploymentError as error:
            raise SourceError(f"{stack.where}: {line}" for line in str(error).splitlines()) from None
        key = _key(stack)
        self._recorded[key] = made
        return AnyProgram(made, account, str(run.config.get("aws:region") or ""))

    def _record(self, stack: NamedStack, compiled: CompiledStack, readers: tuple[str, ...]) -> Deployment:
        key = _key(stack)
        if key not in self._recorded:
            references = self._upstreams(stack, compiled, (*readers, stack.name))
            self._recorded[key] = self._run(stack, compiled, references)
        return self._recorded[key]

    def _upstreams(
        self, stack: NamedStack, compiled: CompiledStack, readers: tuple[str, ...]
    ) -> dict[str, Mapping[str, Any]]:
        found = {}
        read: list[Settings] = []
        upstreams = _upstreams_of(stack, compiled, readers)
        for account, upstream in zip(compiled.settings.upstreams, upstreams, strict=True):
            above = _compiled(upstream)
            read.append(above.settings)
            found[account] = self._record(upstream, above, readers).outputs
        # A program of the project's own may export more than its config declares.
        if self._own(stack) is None and (wrong := compiled.undeclared(read)):
            raise within(stack.where, wrong)
        return found

    def _run(
        self, stack: NamedStack, compiled: CompiledStack, references: Mapping[str, Mapping[str, Any]]
    ) -> Deployment:
        # Pulumi takes half a second to import: only what is recorded needs it.
        from crossaccount.engine.recording import record, record_own

        run, own = Stack.of(stack.project, stack.name), self._own(stack)
        try:
            if own is None:
                return record(run, self._program(), references=references, compiled=compiled)
            return record_own(own, run, deployed=self._deployed(stack))
        except DeploymentError as error:
            raise SourceError(f"{stack.where}: {line}" for line in str(error).splitlines()) from None

    def _deployed(self, stack: NamedStack) -> dict[str, Mapping[str, Any]]:
        """The outputs of the project's stacks that are recorded by now, by full name: those that the stack reads."""
        folder = str(stack.project.directory.resolve())
        found = {name: made.outputs for (where, name), made in self._recorded.items() if where == folder}
        return {full_name(stack.project, name): outputs for name, outputs in found.items()}

    def _own(self, stack: NamedStack) -> OwnProgram | None:
        try:
            own = own_program(stack.project)
        except SettingsError as error:
            raise within(stack.where, error.problems) from None
        if own is not None and not self._may_run(stack.project.directory):
            raise SourceError(not_run(own, stack.where).problems)
        return own


def _key(stack: NamedStack) -> Key:
    return str(stack.project.directory.resolve()), stack.name


def full_name(project: Project, stack: str) -> str:
    """A stack's full name, as a stack reference finds it here."""
    return f"organization/{project.name}/{stack}"


def _with_pipeline(described: Mapping[str, Any], stack: NamedStack, compiled: CompiledStack) -> Mapping[str, Any]:
    """An account with what its pipeline needs there."""
    try:
        return with_bootstrap(described, stack.name, compiled)
    except BadInput as error:
        raise within(stack.where, error.problems) from None


def _compiled(stack: NamedStack) -> CompiledStack:
    must_exist(stack)
    try:
        return stack.project.compiled(stack.name)
    except SettingsError as error:
        raise within(stack.where, error.problems) from None


def _upstreams_of(stack: NamedStack, compiled: CompiledStack, readers: tuple[str, ...]) -> Iterator[NamedStack]:
    """The stacks that a stack reads. ``readers`` lead to it: none of them may be read again."""
    for full_name in compiled.settings.upstreams.values():
        upstream = _upstream(stack, full_name)
        if upstream.name in readers:
            circle = " → ".join([*readers[readers.index(upstream.name) :], upstream.name])
            raise refusal(stack.where, "stacks read each other in a circle", circle, "remove one of the reads")
        yield upstream


def _upstream(reader: NamedStack, full_name: str) -> NamedStack:
    """The stack with a name or ``<organisation>/<project>/<stack>``, in the reader's project."""
    name = reader.project.own_stack(full_name)
    if name is None:
        what = "reads a stack of another project, which cannot be recorded from here"
        raise refusal(reader.where, what, full_name, f"analyse what it last deployed: state:{reader.name}")
    return NamedStack(reader.where, reader.project, name)
