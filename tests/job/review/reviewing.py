"""Projects on disk, states as the program would make them, and accounts as somebody then left them by hand."""

from __future__ import annotations

import copy
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from components.program import program
from crossaccount.engine.deployment import Deployment, Resource, Stack
from crossaccount.engine.recording import record
from crossaccount.job.loading import Loaded, load
from crossaccount.job.review import Review, Reviewer
from crossaccount.job.review.reviewer import Before, ReadLive
from crossaccount.job.states import KnownStack
from crossaccount.sources.declared import details

ACCOUNTS = {
    "auth": {"id": "111111111111", "stack": "auth"},
    "workload": {"id": "222222222222", "stack": "workload"},
}
WORDS = {"user": "User", "group": "Group", "role": "Role"}


_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # libyaml writes these files in a tenth of the time


def _yaml(document: Mapping[str, Any]) -> str:
    return str(yaml.dump(document, Dumper=_Dumper))


def write_project(folder: Path, stacks: Mapping[str, Mapping[str, Any]]) -> None:
    """A project with these stacks, each named as its account; other config keys are written with their namespace."""
    folder.mkdir(exist_ok=True)
    project = {"name": "fleet", "runtime": "python", "config": {"crossaccount:accounts": {"value": ACCOUNTS}}}
    (folder / "Pulumi.yaml").write_text(_yaml(project))
    for name, config in stacks.items():
        full = {key if ":" in key else f"crossaccount:{key}": value for key, value in config.items()}
        own = {"aws:allowedAccountIds": [ACCOUNTS[name]["id"]], "crossaccount:account": name}
        (folder / f"Pulumi.{name}.yaml").write_text(_yaml({"config": {**own, **full}}))


def recorded(folder: Path) -> dict[str, Deployment]:
    """What every stack of the project would deploy."""
    loaded, found = load(folder), dict[str, Deployment]()
    for name in loaded.stacks:
        references = {account: found[stack].outputs for account, stack in loaded.upstreams(name).items()}
        stack = Stack(loaded.project.name, name, loaded.project.stacks[name], folder)
        found[name] = _with_key_ids(record(stack, program, references=references))
    return found


def _with_key_ids(deployment: Deployment) -> Deployment:
    """Access keys with IDs such as AWS gives: ``AKIABOXXX…`` of bo's, ``AKIABONEWXXX…`` of bo's key ``new``."""

    def made(resource: Resource) -> Resource:
        if resource.type != "aws:iam/accessKey:AccessKey":
            return resource
        name = resource.name.rpartition("-access-key")[2].removeprefix("-")
        return replace(resource, id=f"AKIA{(resource.values['user'] + name).upper():X<16}")

    return replace(deployment, resources=tuple(map(made, deployment.resources)))


def state_of(deployment: Deployment) -> dict[str, Any]:
    """A state as Pulumi keeps it."""
    own = {"urn": "urn:s", "type": "pulumi:pulumi:Stack", "outputs": dict(deployment.outputs)}
    return {
        "resources": [
            own,
            *(
                {"urn": each.urn, "type": each.type, "id": each.id, "inputs": each.inputs, "outputs": each.outputs}
                for each in deployment.resources
            ),
        ]
    }


@dataclass
class States:
    """A backend that has these states."""

    states: Mapping[str, Any] = field(default_factory=dict)
    busy: Container[str] = ()
    """The stacks that somebody is just updating."""
    in_files = True

    def stacks(self) -> Mapping[str, KnownStack]:
        return {name: KnownStack(name, "2026-01-02T03:04:05Z", busy=name in self.busy) for name in self.states}

    def state(self, stack: str) -> Mapping[str, Any]:
        return self.states.get(stack, {})


@dataclass
class Estate:
    """A project that was deployed, and what AWS has of it now."""

    folder: Path
    states: States
    live: dict[str, dict[str, Any]]

    @classmethod
    def deployed(cls, folder: Path, stacks: Mapping[str, Mapping[str, Any]]) -> Estate:
        """As it is right after an update; every entity with a unique ID."""
        write_project(folder, stacks)
        made = recorded(folder)
        live = {name: _with_ids(details(each, deployed=True)) for name, each in made.items()}
        return cls(folder, States({name: state_of(each) for name, each in made.items()}), live)

    def reviewer(self, before: Before = "live", live: ReadLive | None = None) -> Reviewer:
        """A reviewer of what the project says now."""
        loaded: Loaded = load(self.folder)
        return Reviewer(loaded, self.states, live or (lambda stack, _: self.live[stack]), before)

    def review(self, before: Before = "live", stacks: Iterable[str] = (), live: ReadLive | None = None) -> Review:
        """The review of an update to what the project says now."""
        reviewer = self.reviewer(before, live)
        return reviewer.review(list(stacks) or reviewer.loaded.stacks, self.states.stacks())

    def by_hand(self, stack: str, deeds: Iterable[Mapping[str, Any]]) -> None:
        """Somebody changes the account in the console."""
        for deed in deeds:
            if "add" in deed:
                self.live[stack].setdefault(deed["add"], []).append(deed["item"])
                continue
            kind, _, name = deed["of"].partition("/")
            if kind == "policy":
                item = next(each for each in self.live[stack]["Policies"] if each["PolicyName"] == name)
                item["PolicyVersionList"] = [
                    {"VersionId": "v2", "IsDefaultVersion": True, "Document": deed["document"]}
                ]
                continue
            word = WORDS[kind]
            items = self.live[stack][f"{word}DetailList"]
            item = next(each for each in items if each[f"{word}Name"] == name)
            _DEEDS[deed["do"]](item, word, deed)


def _with_ids(account: Mapping[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(dict(account))
    for word, start in (("User", "AIDA"), ("Group", "AGPA"), ("Role", "AROA")):
        for item in found[f"{word}DetailList"]:
            item[f"{word}Id"] = f"{start}{item[f'{word}Name'].upper()}"
    return found


def _inline(item: dict[str, Any], word: str, deed: Mapping[str, Any]) -> None:
    kept = [each for each in item[f"{word}PolicyList"] if each["PolicyName"] != deed["name"]]
    item[f"{word}PolicyList"] = [*kept, {"PolicyName": deed["name"], "PolicyDocument": deed.get("document")}]


def _attach(item: dict[str, Any], word: str, deed: Mapping[str, Any]) -> None:
    del word
    item["AttachedManagedPolicies"].append({"PolicyName": deed["arn"].split("/")[-1], "PolicyArn": deed["arn"]})


def _join(item: dict[str, Any], word: str, deed: Mapping[str, Any]) -> None:
    del word
    item["GroupList"].append(deed["group"])


def _bound(item: dict[str, Any], word: str, deed: Mapping[str, Any]) -> None:
    del word
    item["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": deed["arn"]}


def _trust(item: dict[str, Any], word: str, deed: Mapping[str, Any]) -> None:
    del word
    item["AssumeRolePolicyDocument"] = deed["document"]


def _tag(item: dict[str, Any], word: str, deed: Mapping[str, Any]) -> None:
    del word
    item.setdefault("Tags", []).append({"Key": deed["key"], "Value": deed["value"]})


def _credentials(item: dict[str, Any], word: str, deed: Mapping[str, Any]) -> None:
    """What AWS tells instead under ``LoginProfile`` or ``AccessKeyMetadata``; nothing of what is ``untold``."""
    del word
    item.update({key: deed[key] for key in ("LoginProfile", "AccessKeyMetadata") if key in deed})
    for key in deed.get("untold", ()):
        del item[key]


_DEEDS: Mapping[str, Callable[[dict[str, Any], str, Mapping[str, Any]], None]] = {
    "inline": _inline,
    "attach": _attach,
    "join": _join,
    "bound": _bound,
    "trust": _trust,
    "tag": _tag,
    "credentials": _credentials,
}
