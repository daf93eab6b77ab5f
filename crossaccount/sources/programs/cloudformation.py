"""``cloudformation:FILE``: a template, JSON or YAML, and the folder ``cdk.out`` that CDK writes.

A template does not name its account, so the source needs ``@ACCOUNT``. ``cloudformation:TEMPLATE:PARAMETERS`` takes the
values of parameters from a file, in a form that the AWS CLI accepts as well: a mapping, a mapping under ``Parameters``,
or a list of ``ParameterKey`` and ``ParameterValue``. In a CDK folder each stack has its environment, parameters and
nested stacks. Imports from other stacks are resolved in the folder.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html,
https://docs.aws.amazon.com/cli/latest/reference/cloudformation/deploy/ and the schema of the cloud assembly,
https://github.com/aws/aws-cdk-cli/tree/main/packages/%40aws-cdk/cloud-assembly-schema
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import MAX_YAML, MEBIBYTE, outside_of
from crossaccount.settings.settings import partition_of
from crossaccount.settings.yaml_text import parse_tagged_yaml
from crossaccount.sources.errors import SourceError, refusal
from crossaccount.sources.programs.drafts import Accounts, Draft, Moment, Place, ProgramFile, Unknown, note
from crossaccount.sources.programs.input import content_of_file, json_of
from crossaccount.sources.programs.native import NOT_JUDGED, TYPES, entity_type, native_drafts
from crossaccount.sources.programs.settling import unnamed_notes
from crossaccount.sources.programs.template import Budget, Environment, Template, short_form

SAVE = "name a template, or the folder that `cdk synth` writes"
MANIFEST = "manifest.json"
_STACK, _ASSEMBLY = "aws:cloudformation:stack", "cdk:cloud-assembly"
_NESTED = "AWS::CloudFormation::Stack"
_ENVIRONMENT = re.compile(r"\Aaws://([^/]+)/([^/]+)\Z")
_MOST_NESTED = 20
"""Levels of nested stacks, and of assemblies in each other."""
_NOT_JUDGED = (
    *("AWS::Serverless::", "AWS::SSO::", "AWS::IdentityStore::", "AWS::Organizations::Policy"),
    *("AWS::CloudFormation::StackSet", "AWS::CloudFormation::Macro"),
)


def read_cloudformation(path: Path, where: str, accounts: Accounts) -> ProgramFile:
    """The resources of a template, or of all stacks of a cloud assembly.

    Raises:
        SourceError: it is neither.
    """
    assembly = _Assembly(where, accounts)
    if os.path.isdir(path) or path.name == MANIFEST:
        assembly.add_folder(path if os.path.isdir(path) else path.parent, 0)
    else:
        template, parameters = _files(path, where)
        one = accounts.of("")
        given = _parameters(parameters, where) if parameters else {}
        data = read_template(template, where)
        assembly.add(_Stack("", template.parent, data, Environment(account=one), given), path)
    return assembly.file()


def _files(path: Path, where: str) -> tuple[Path, Path | None]:
    """The template, and the file of its parameters."""
    if not os.path.lexists(path):
        left, colon, right = str(path).rpartition(":")
        if colon and os.path.lexists(left):
            if not os.path.lexists(right):
                raise refusal(where, f"there is no file {right}", NOT_GIVEN, "name the file of the parameters")
            return Path(left), Path(right)
    return path, None


def read_template(path: Path, where: str) -> Mapping[str, Any]:
    """A template, JSON or YAML.

    Raises:
        SourceError: it cannot be read, or is no template.
    """
    content = content_of_file(path, where, SAVE)
    is_json = content.lstrip()[:1] in (b"{", b"[")
    data = json_of(content, where, SAVE) if is_json else _yaml(content, where)
    if not isinstance(data, Mapping) or not isinstance(data.get("Resources"), Mapping):
        got = sorted(map(str, data))[:10] if isinstance(data, Mapping) else data
        raise refusal(where, "is no template: it has no Resources", got, SAVE)
    return data


def _yaml(content: bytes, where: str) -> Any:
    if len(content) > MAX_YAML:
        raise refusal(where, f"has more than {MAX_YAML // MEBIBYTE} MiB", NOT_GIVEN, "divide it into several templates")
    try:
        return parse_tagged_yaml(content.decode("utf-8-sig"), where, short_form)
    except UnicodeDecodeError:
        raise refusal(where, "is not UTF-8 text", NOT_GIVEN, "save it as UTF-8") from None
    except SettingsError as error:
        raise SourceError(error.problems) from None


def _parameters(path: Path, where: str) -> Mapping[str, Any]:
    content = content_of_file(path, where, "name the file of the parameters")
    is_json = content.lstrip()[:1] in (b"{", b"[")
    data = json_of(content, where, "write {Name: value}") if is_json else _yaml(content, where)
    if isinstance(data, Mapping):
        inner = data.get("Parameters", data)
        return inner if isinstance(inner, Mapping) else {}
    items = [each for each in data if isinstance(each, Mapping)] if isinstance(data, list) else []
    if not items or not all("ParameterKey" in each for each in items):
        what = f"{path} has no parameters"
        raise refusal(where, what, NOT_GIVEN, "write {Name: value}, or a list of ParameterKey and ParameterValue")
    return {str(each["ParameterKey"]): each.get("ParameterValue") for each in items}


@dataclass
class _Stack:
    """A stack of an assembly. ``key`` is its name in the assembly, empty if there is only one."""

    key: str
    folder: Path
    data: Mapping[str, Any]
    environment: Environment
    parameters: Mapping[str, Any] = field(default_factory=dict)
    within: str = ""
    """If it is a nested stack: its logical ID, after those of the stacks around it."""
    depth: int = 0


class _Assembly:
    def __init__(self, where: str, accounts: Accounts) -> None:
        self._where, self._accounts = where, accounts
        self._stacks: list[tuple[_Stack, Template]] = []
        self._exports: dict[tuple[str, str, str], tuple[Template, str]] = {}
        self._places: dict[str, Place] = {}
        self._notes: list[Problem] = []
        self._unnamed: dict[str, str] = {}
        self._budget = Budget()
        self.region = ""

    def add_folder(self, folder: Path, depth: int) -> None:
        """Add every stack of a folder.

        Raises:
            SourceError: it is no cloud assembly, or a template of it cannot be read.
        """
        manifest = folder / MANIFEST
        if not os.path.lexists(manifest):
            raise refusal(
                self._where, f"has no {MANIFEST}", NOT_GIVEN, "name the folder that `cdk synth` writes: cdk.out"
            )
        data = json_of(content_of_file(manifest, self._where, SAVE), self._where, SAVE)
        artifacts = data.get("artifacts") if isinstance(data, Mapping) else None
        if not isinstance(artifacts, Mapping):
            raise refusal(self._where, f"{MANIFEST} has no artifacts", NOT_GIVEN, "run `cdk synth` again")
        for name, artifact in artifacts.items():
            if isinstance(artifact, Mapping):
                self._add_artifact(str(name), artifact, folder, depth)

    def _add_artifact(self, name: str, artifact: Mapping[str, Any], folder: Path, depth: int) -> None:
        properties = artifact.get("properties")
        properties = properties if isinstance(properties, Mapping) else {}
        if artifact.get("type") == _ASSEMBLY:
            if depth < _MOST_NESTED:
                self.add_folder(self._inside(folder, properties.get("directoryName")), depth + 1)
        elif artifact.get("type") == _STACK:
            path = self._inside(folder, properties.get("templateFile"))
            found = _ENVIRONMENT.match(str(artifact.get("environment") or ""))
            account, region = found.groups() if found else ("", "")
            named = str(properties.get("stackName") or name)
            account = self._account(account if ACCOUNT_ID.match(account) else "", named)
            region = "" if region.startswith("unknown") else region
            given = properties.get("parameters")
            environment = Environment(account, region, partition_of(region), named)
            data = read_template(path, self._where)
            parameters = given if isinstance(given, Mapping) else {}
            self.add(_Stack(named, folder, data, environment, parameters), path)

    def _account(self, account: str, stack: str) -> str:
        given = self._accounts.by_provider.get(stack, "")
        if account and given and given != account:
            what = f"the stack {stack} is of {account}"
            raise refusal(self._where, what, given, "leave out what follows @, or correct it")
        return account or given or self._accounts.of("")

    def _inside(self, folder: Path, name: Any) -> Path:
        """A file of the folder. A manifest must not lead to files outside of it.

        Raises:
            SourceError: it names none.
        """
        path = folder / str(name)
        if not isinstance(name, str) or outside_of(path, folder):
            raise refusal(self._where, f"{MANIFEST} names a file outside of its folder", name, "run `cdk synth` again")
        return path

    def add(self, stack: _Stack, path: Path) -> None:
        """Add a stack and those that are nested in it."""
        del path
        template = Template(stack.data, stack.environment, stack.parameters, prefix=stack.within, budget=self._budget)
        template.imported = partial(self._imported, stack.environment)
        nested: dict[str, Template] = {}
        template.nested = lambda logical, output: nested[logical].output(output) if logical in nested else Unknown()
        self._stacks.append((stack, template))
        self.region = self.region or stack.environment.region
        for logical, resource in template.resources():
            if resource.get("Type") == _NESTED and stack.depth < _MOST_NESTED:
                self._add_nested(logical, resource, stack, template, nested)
        for name, output in template.exports():
            self._exports.setdefault((stack.environment.account, stack.environment.region, name), (template, output))

    def _add_nested(
        self,
        logical: str,
        resource: Mapping[str, Any],
        stack: _Stack,
        template: Template,
        nested: dict[str, Template],
    ) -> None:
        metadata = resource.get("Metadata")
        asset = metadata.get("aws:asset:path") if isinstance(metadata, Mapping) else None
        path = stack.folder / asset if isinstance(asset, str) else None
        if path is None or outside_of(path, stack.folder) or not os.path.lexists(path):
            what = "its template is elsewhere, so that what the nested stack has is not judged"
            self._notes.append(note(_address(stack, logical), what, "add it as a source: cloudformation:FILE@ACCOUNT"))
            return
        given = template.value(template.properties(resource).get("Parameters", {}))
        parameters = given if isinstance(given, Mapping) else {}
        inner = _Stack(
            stack.key,
            stack.folder,
            read_template(path, self._where),
            stack.environment,
            parameters,
            f"{stack.within}{logical}-",
            stack.depth + 1,
        )
        self.add(inner, path)
        nested[logical] = next(each for one, each in self._stacks if one is inner)

    def _imported(self, environment: Environment, name: str) -> Any:
        found = self._exports.get((environment.account, environment.region, name))
        return found[0].output(found[1]) if found else Unknown()

    def file(self) -> ProgramFile:
        """The resources of all stacks."""
        drafts = [draft for stack, template in self._stacks for draft in self._drafts(stack, template)]
        for stack, template in self._stacks:
            for name in template.without_value:
                what = f"the parameter {name} has no value, so that what is made of it is unknown"
                fix = "give it one: cloudformation:TEMPLATE:PARAMETERS"
                self._notes.insert(0, note(stack.key or stack.within.rstrip("-"), what, fix))
            declared = template.section("Parameters")
            for name in stack.parameters if not stack.within else ():
                if name not in declared:
                    fix = did_you_mean(name, declared, "correct its name, or leave it out")
                    self._notes.insert(0, note(stack.key, f"the template has no parameter {name}", fix))
        notes = (*self._notes, *unnamed_notes(self._unnamed))
        return ProgramFile(Moment(tuple(drafts), notes), self._place, region=self.region)

    def _place(self, draft: Draft) -> Place:
        return self._places[draft.provider]

    def _drafts(self, stack: _Stack, template: Template) -> Iterator[Draft]:
        it = stack.environment
        self._places[stack.key] = Place(it.account, it.partition, it.region or "us-east-1")
        for logical, resource in template.resources():
            token = str(resource.get("Type"))
            address = _address(stack, logical)
            exists = template.exists(resource)
            if exists is False:
                continue
            kind = token.removeprefix("AWS::IAM::") if token.startswith("AWS::IAM::") else ""
            if token.startswith(_NOT_JUDGED) or kind in NOT_JUDGED:
                self._notes.append(note(address, f"{token}: its effect on access is not judged"))
            if kind not in TYPES:
                continue
            values = template.value(template.properties(resource))
            values = dict(values) if isinstance(values, Mapping) else {}
            if entity := entity_type(kind):
                if kind != "InstanceProfile" and not template.has_own_name(logical):
                    self._unnamed[address] = template.name_of(logical)
                values[entity[1]] = template.name_of(logical)
            yield from native_drafts(
                kind, Draft(address, token, self._perhaps(values, exists, address), provider=stack.key)
            )

    def _perhaps(self, values: Mapping[str, Any], exists: bool | None, address: str) -> Mapping[str, Any]:
        """The properties of a resource with a condition. If the condition is unknown, they are unknown too."""
        if exists is not None:
            return values
        what = "whether its condition holds is not known: what it says is undetermined"
        self._notes.append(note(address, what, "give the parameters: cloudformation:TEMPLATE:PARAMETERS"))
        unknown = ("AssumeRolePolicyDocument", "PolicyDocument", "PolicyArn")
        found = {key: Unknown() if key in unknown else value for key, value in values.items()}
        for key, inner in (
            ("Policies", {"PolicyName": Unknown(), "PolicyDocument": Unknown()}),
            ("ManagedPolicyArns", Unknown()),
        ):
            if key in found:
                found[key] = [inner]
        return found


def _address(stack: _Stack, logical: str) -> str:
    """The address of a resource for messages: its stack and its logical ID."""
    own = f"{stack.within}{logical}"
    return f"{stack.key}.{own}" if stack.key else own
