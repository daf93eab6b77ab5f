"""``preview:FILE``, ``state:FILE``: what ``pulumi preview --json`` and ``pulumi stack export`` write, of any program.

The program can be in any language, and need not use crossaccount. A preview hides resources that stay the same unless
it is made with ``--show-sames``: then most of the account would be missing, so it is refused. ``propertyDependencies``
has the dependencies of each value. A value that depends on exactly one resource gets that resource's name or ARN, if
the property takes one. Neither file shows secrets, so a secret document is unknown.

Sources: https://www.pulumi.com/docs/iac/cli/commands/pulumi_preview/, ``pkg/backend/display/json.go`` and
``sdk/go/common/apitype/core.go`` of https://github.com/pulumi/pulumi
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crossaccount.engine.provider_accounts import AWS_PROVIDERS, account_of
from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.iam.json_text import parse_json
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.settings import partition_of
from crossaccount.sources.declared import ROLE
from crossaccount.sources.errors import SourceError, refusal
from crossaccount.sources.programs.drafts import (
    Accounts,
    Draft,
    Moment,
    Place,
    ProgramFile,
    Reference,
    Unknown,
    note,
)
from crossaccount.sources.programs.input import content_of_file, json_of
from crossaccount.sources.programs.native import NOT_JUDGED, TYPES, native_drafts
from crossaccount.sources.programs.settling import account_in
from crossaccount.sources.stacks import AnyProgram
from crossaccount.sources.state import read_state

SAVE_PREVIEW = "save the output of `pulumi preview --json --show-sames`"
SAVE_STATE = "save the output of `pulumi stack export`"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The marker of a value that only the update makes known: ``sdk/go/common/resource/plugin/rpc.go``."""
SECRET = "[secret]"
_SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The marker of a secret in a state: ``sdk/go/common/resource/sig/sig.go``."""
_STACK = "pulumi:pulumi:Stack"
_NATIVE = "aws-native:iam:"
_SPELLED = {"SamlProvider": "SAMLProvider", "OidcProvider": "OIDCProvider"}
"""Types of aws-native that CloudFormation spells otherwise."""
_OWN_LISTS = ("inlinePolicies", "managedPolicyArns")
_AFTER = ("same", "create", "update", "replace", "create-replacement", "import", "import-replacement")
_BEFORE = ("same", "update", "replace", "delete", "delete-replaced", "create-replacement", "refresh")

State = Mapping[str, Any]
"""A resource as Pulumi writes it: ``ResourceV3`` of its API types."""


def read_preview(path: Path, where: str, accounts: Accounts) -> ProgramFile:
    """The resources of a preview, before and after.

    Raises:
        SourceError: it is none, or hides what stays the same.
    """
    data = json_of(content_of_file(path, where, SAVE_PREVIEW), where, SAVE_PREVIEW)
    steps = data.get("steps") if isinstance(data, Mapping) else None
    if not isinstance(steps, list):
        got = sorted(data)[:10] if isinstance(data, Mapping) else data
        raise refusal(where, "is no preview: it has no steps", got, SAVE_PREVIEW)
    found = [step for step in steps if isinstance(step, Mapping)]
    _refuse_hidden(data, found, where)
    config = data.get("config")
    before = {str(step.get("urn")): step["oldState"] for step in found if _has(step, "oldState", _BEFORE)}
    after = {
        str(step.get("urn")): {**step["newState"], "outputs": _outputs(step)}
        for step in found
        if _has(step, "newState", _AFTER)
    }
    given = config if isinstance(config, Mapping) else {}
    file = _File([*before.values(), *after.values()], given, accounts, where)
    return ProgramFile(
        file.moment(after.values(), before),
        file.place,
        file.moment(before.values(), before),
        region=str(given.get("aws:region") or ""),
    )


def _has(step: Mapping[str, Any], key: str, ops: tuple[str, ...]) -> bool:
    state = step.get(key)
    return step.get("op") in ops and isinstance(state, Mapping) and isinstance(state.get("type"), str)


def _outputs(step: Mapping[str, Any]) -> Mapping[str, Any]:
    """The outputs after the update.

    An unchanged resource keeps its outputs; a changed one keeps those that stay known.
    """
    new = step["newState"].get("outputs")
    if isinstance(new, Mapping) and new:
        return new
    old = step.get("oldState")
    known = old.get("outputs") if isinstance(old, Mapping) else None
    if not isinstance(known, Mapping) or step.get("op") not in ("same", "update"):
        return {}
    if step.get("op") == "same":
        return known
    return {key: known[key] for key in ("arn", "id", "uniqueId") if key in known}


def _refuse_hidden(data: Mapping[str, Any], steps: Iterable[Mapping[str, Any]], where: str) -> None:
    summary = data.get("changeSummary")
    same = summary.get("same", 0) if isinstance(summary, Mapping) else 0
    shown = sum(1 for step in steps if step.get("op") == "same")
    if isinstance(same, int) and same > shown:
        what = f"hides {same - shown} resources that stay the same, so that their access is not in it"
        raise refusal(where, what, NOT_GIVEN, SAVE_PREVIEW)


def read_state_file(path: Path, where: str, accounts: Accounts) -> ProgramFile:
    """The resources of a stack's export, or of a checkpoint of a file backend.

    Raises:
        SourceError: it is none.
    """
    state = read_state(content_of_file(path, where, SAVE_STATE), where)
    resources = state.get("resources")
    if not isinstance(resources, list):
        raise refusal(where, "is not the state of a stack: it has no resources", sorted(state)[:10], SAVE_STATE)
    there = [each for each in resources if isinstance(each, Mapping) and isinstance(each.get("type"), str)]
    there = [each for each in there if not each.get("delete") and not each.get("external")]
    file = _File(there, {}, accounts, where)
    urns = {str(each.get("urn")): each for each in there}
    pending = state.get("pending_operations")
    notes = [note("", f"an operation was interrupted ({len(pending)} pending)", "pulumi refresh")] if pending else []
    moment = file.moment(there, urns)
    return ProgramFile(
        Moment(moment.drafts, (*moment.notes, *notes)), file.place, names=_names(there), region=file.region
    )


def _names(states: Iterable[State]) -> dict[str, str]:
    """The account's name in the outputs of a crossaccount stack: see ``docs/reference/outputs.md``."""
    outputs = next((_mapping(each.get("outputs")) for each in states if each["type"] == _STACK), {})
    named = _mapping(outputs.get("account"))
    name, identity = named.get("name"), named.get("id")
    known = isinstance(name, str) and isinstance(identity, str) and ACCOUNT_ID.match(identity)
    return {str(name): str(identity)} if known else {}


def read_recorded(program: AnyProgram, where: str, accounts: Accounts) -> ProgramFile:
    """The resources of a recorded program.

    Raises:
        SourceError: its providers contradict what the source says of accounts.
    """
    states = [
        {
            "urn": each.urn,
            "type": each.type,
            "inputs": each.inputs,
            "outputs": each.outputs,
            "provider": each.provider,
        }
        for each in program.made.resources
    ]
    whole = read_resources(
        states, {"aws:region": program.region}, replace(accounts, otherwise=program.account_id), where
    )
    look = "see what the engine does with it: pulumi preview"
    notes = (*whole.after.notes, *(note("", each, look) for each in program.made.notes))
    return replace(whole, after=Moment(whole.after.drafts, notes), region=program.region or whole.region)


def read_resources(states: Sequence[State], config: Mapping[str, Any], accounts: Accounts, where: str) -> ProgramFile:
    """The resources of one run of a program, as they will be; ``config`` is the provider's.

    Raises:
        SourceError: its providers contradict what the source says of accounts.
    """
    file = _File(states, config, accounts, where)
    return ProgramFile(file.moment(states, {}), file.place, region=file.region)


class _File:
    """The providers of a file and their accounts, from all of its resources."""

    def __init__(self, states: Iterable[State], config: Mapping[str, Any], accounts: Accounts, where: str) -> None:
        self._accounts, self._where = accounts, where
        self._given = account_of({"allowedAccountIds": config.get("aws:allowedAccountIds")})
        self._providers: dict[str, Mapping[str, Any]] = {}
        self._known: dict[str, str] = {}
        facts: dict[str, dict[str, str]] = defaultdict(dict)
        self._used: set[str] = set()
        for state in states:
            if state["type"] in AWS_PROVIDERS:
                self._providers[_name(str(state.get("urn")))] = _mapping(state.get("inputs"))
            elif state["type"].startswith(("aws:iam/", _NATIVE)):
                self._used.add(_provider(state))
                account = account_in(_mapping(state.get("outputs")).get("arn"))
                if account:
                    facts[_provider(state)].setdefault(account, str(state.get("urn")))
        self.region = next((str(each["region"]) for each in self._providers.values() if each.get("region")), "")
        self._region = str(config.get("aws:region") or "") or self.region
        problems = []
        for provider in dict.fromkeys([*self._providers, *facts]):
            if account := account_of(self._providers.get(provider, {})):
                facts[provider].setdefault(account, "its inputs")
            problems += self._contradiction(provider, facts[provider])
            self._known[provider] = next(iter(facts[provider]), "")
        if problems:
            raise SourceError(problems)

    def _contradiction(self, provider: str, known: Mapping[str, str]) -> list[Problem]:
        if len(known) > 1:
            what = f"the provider {provider} works in more than one account: {', '.join(sorted(known))}"
            return [Problem(self._where, what, NOT_GIVEN, "export the stack again: pulumi refresh")]
        only = self._used <= {provider}
        given = self._accounts.by_provider.get(provider) or (self._accounts.one if only else "")
        if given and known and given not in known:
            (account,) = known
            what = f"the provider {provider} works in {account}"
            return [Problem(self._where, what, given, "leave out what follows @, or correct it")]
        return []

    def place(self, draft: Draft) -> Place:
        inputs = self._providers.get(draft.provider, {})
        region = str(inputs.get("region") or self._region)
        account = self._known.get(draft.provider) or self._accounts.of(draft.provider)
        if not account and draft.provider.startswith("default"):
            account = self._given
        return Place(account if ACCOUNT_ID.match(account) else "", partition_of(region), region or "us-east-1")

    def moment(self, states: Iterable[State], there: Mapping[str, Any]) -> Moment:
        drafts: list[Draft] = []
        notes: list[Problem] = []
        for state in states:
            found, more = _drafts(state, str(state.get("urn")) in there)
            drafts += found
            notes += more
        return Moment(tuple(drafts), tuple(notes))


def _drafts(state: State, exists: bool) -> tuple[list[Draft], list[Problem]]:
    """The drafts of a resource, and warnings about parts that are not judged."""
    token, urn = state["type"], str(state.get("urn"))
    inputs, outputs = _mapping(state.get("inputs")), _mapping(state.get("outputs"))
    identity = str(state.get("id") or "") if exists else ""
    values = {**inputs, **{key: value for key, value in outputs.items() if value is not None and value != UNKNOWN}}
    values = {key: _opened(value) for key, value in values.items()}
    if token == ROLE:
        # The provider also lists policies of others here; the program does not declare them.
        values = {key: value for key, value in values.items() if key not in _OWN_LISTS}
        values |= {key: inputs[key] for key in _OWN_LISTS if key in inputs}
    depends = _mapping(state.get("propertyDependencies"))
    read = {key: _read(value, depends.get(key), key) for key, value in values.items() if not key.startswith("__")}
    notes = []
    if not exists and "name" in (inputs.get("__defaults") or ()):
        what = f"has no explicit name; it is shown as {inputs.get('name')}, which Pulumi may change in the update"
        notes.append(note(_shown(urn), what, "give it a name, or check it after the update"))
    draft = Draft(urn, token, read, identity, exists, _provider(state), _shown(urn))
    if not token.startswith(_NATIVE):
        return [draft], notes
    kind = token.rpartition(":")[2]
    kind = _SPELLED.get(kind, kind)
    if kind not in TYPES:
        unjudged = [note(_shown(urn), f"{token}: its effect on access is not judged")] if kind in NOT_JUDGED else []
        return [], [*notes, *unjudged]
    spelled = {_pascal(key): _pascal_within(key, value) for key, value in read.items()}
    return list(native_drafts(kind, replace(draft, values=spelled))), notes


def _read(value: Any, depends: Any, key: str) -> Any:
    """A value with its unknown parts. An unknown value that depends on one resource refers to it."""
    urns = [each for each in depends if isinstance(each, str)] if isinstance(depends, list) else []
    if value == UNKNOWN or _is_secret(value):
        reference = Reference(urns[0]) if len(urns) == 1 and value == UNKNOWN else None
        return Unknown(reference, secret=_is_secret(value))
    if isinstance(value, Mapping):
        return {name: _read(each, depends, key) for name, each in value.items()}
    if isinstance(value, list):
        unknown = sum(1 for each in value if each == UNKNOWN)
        if unknown and unknown == len(urns):
            known = [_read(each, None, key) for each in value if each != UNKNOWN]
            return [*known, *(Unknown(Reference(urn)) for urn in urns)]
        return [_read(each, depends if unknown < 2 else None, key) for each in value]
    return value


def _is_secret(value: Any) -> bool:
    return value == SECRET or (isinstance(value, Mapping) and _SIGNATURE in value)


def _opened(value: Any) -> Any:
    """The value of a secret that was exported with ``--show-secrets``; any other value unchanged."""
    text = value.get("plaintext") if _is_secret(value) and isinstance(value, Mapping) else None
    try:
        return parse_json(text) if isinstance(text, str) else value
    except ValueError:
        return value


def _provider(state: State) -> str:
    """The name of a resource's provider: ``default_7_0_0``, or its name in the program."""
    reference = str(state.get("provider") or "")
    return _name(reference.rpartition("::")[0]) if reference else "default"


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _shown(urn: str) -> str:
    """A resource in few words: its type and its name."""
    return "::".join(urn.split("::")[2:]).rpartition("$")[2] or urn


def _pascal(key: str) -> str:
    return key[:1].upper() + key[1:]


def _pascal_within(key: str, value: Any) -> Any:
    """Nested properties with AWS's spelling of the keys; policy documents unchanged."""
    if key in ("policies", "tags") and isinstance(value, list):
        return [{_pascal(k): v for k, v in each.items()} if isinstance(each, Mapping) else each for each in value]
    if key == "loginProfile" and isinstance(value, Mapping):
        return {_pascal(k): v for k, v in value.items()}
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
