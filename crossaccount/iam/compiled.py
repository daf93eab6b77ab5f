"""Compiled policy documents: compiled once, frozen, evaluated for each request.

A document that IAM would not accept is not guessed at: it raises, and the caller must treat the policy as unknown.
Where each kind of policy has Principal and Resource is from
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html; the matching of actions and resources
is in ``matching``, variables (in a resource only after the fifth colon) in ``variables``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

from crossaccount.iam.arn import ACCOUNT_ID, Arn, parse_arn
from crossaccount.iam.caching import cached_property, made
from crossaccount.iam.conditions import Condition, ConditionError, RequestContext, compile_conditions
from crossaccount.iam.documents import VERSION, as_list, by_content
from crossaccount.iam.json_text import parse_json
from crossaccount.iam.matching import ARN_COMPONENTS, Template, action_match, template, wildcard_match

Kind = Literal["permissions", "trust", "resource-control"]
"""``permissions``: identity policy, boundary or SCP. ``resource-control``: an RCP, which has a Principal too."""

_VERSIONS = (VERSION, "2008-10-17")


class DocumentError(ValueError):
    """IAM would not accept the document, so its effect is unknown."""


@dataclass(frozen=True)
class PrincipalElement:
    """``Principal`` or ``NotPrincipal`` of a statement. ``aws``: the entries under AWS, ``"*"`` for everyone.

    ``federated`` are identity providers, ``services`` are AWS's own: no principals of an account, and never a caller
    here.
    """

    aws: tuple[str, ...]
    inverted: bool = False
    federated: tuple[str, ...] = ()

    @cached_property
    def entries(self) -> frozenset[str]:
        """The entries under AWS."""
        return frozenset(self.aws)

    @cached_property
    def accounts(self) -> frozenset[str]:
        """The IDs of the accounts that are named as a whole."""
        found = []
        for entry in self.aws:
            if entry.endswith(":root") and entry.startswith("arn:"):
                found.append(entry.split(":")[4])
            elif ACCOUNT_ID.match(entry):
                found.append(entry)
        return frozenset(found)

    @cached_property
    def sessions(self) -> tuple[Arn, ...]:
        """The sessions of roles that are named."""
        return tuple(parse_arn(entry) for entry in self.aws if ":assumed-role/" in entry and entry.count(":") >= 5)

    services: tuple[str, ...] = ()


@dataclass(frozen=True)
class CompiledStatement:
    """One statement. ``label`` is its Sid, or its index in the document as a string.

    ``resources`` is empty in a trust policy: it is about its own role.
    """

    label: str
    allows: bool
    actions: tuple[str, ...]
    actions_inverted: bool
    resources: tuple[Template, ...]
    resources_inverted: bool
    conditions: tuple[Condition, ...]
    principal: PrincipalElement | None = None

    def about(self, action: str) -> bool:
        """Whether the statement is about this action."""
        if len(self.actions) == 1:
            return action_match(self.actions[0], action) != self.actions_inverted
        service = action.partition(":")[0].lower()
        patterns = (*self._actions_by_service.get(service, ()), *self._actions_by_service.get("", ()))
        return any(action_match(pattern, action) for pattern in patterns) != self.actions_inverted

    def on(self, resource: str, context: RequestContext) -> bool | None:
        """Whether the statement is about this resource; None if an open context does not decide it."""
        if not self.resources:
            return True
        exact, prefixes, wild, variable = self._resources
        if resource in exact or resource.startswith(prefixes):
            return not self.resources_inverted
        if wild and any(wildcard_match(pattern, resource) for pattern in wild):
            return not self.resources_inverted
        if not variable:
            return self.resources_inverted
        answers = [fits(pattern, resource, context) for pattern in variable]
        if True in answers or None not in answers:
            return (True in answers) != self.resources_inverted
        return None

    @property
    def has_variables(self) -> bool:
        """Whether a resource has a policy variable, so that the request decides what it names."""
        return bool(self.resources) and bool(self._resources[3])

    @cached_property
    def selects(self) -> bool:
        """Whether the statement may be about some resources and not about others."""
        return self.resources_inverted or all(each.text != "*" for each in self.resources)

    @cached_property
    def _actions_by_service(self) -> Mapping[str, list[str]]:
        """The action patterns by their service, in lower case; under ``""`` those of no single service."""
        found: dict[str, list[str]] = {}
        for pattern in self.actions:
            service = pattern.partition(":")[0].lower()
            found.setdefault("" if "*" in service or "?" in service else service, []).append(pattern)
        return found

    @cached_property
    def _resources(self) -> tuple[frozenset[str], tuple[str, ...], tuple[str, ...], tuple[Template, ...]]:
        """Exact texts, prefixes that a ``*`` follows, other patterns, and templates with variables.

        Most resources are of the first two kinds, which are compared all at once.
        """
        plain = [pattern.text for pattern in self.resources if pattern.plain]
        wild = [text for text in plain if "*" in text or "?" in text]
        prefixes = tuple(text[:-1] for text in wild if "?" not in text and text.find("*") == len(text) - 1)
        others = tuple(text for text in wild if "?" in text or text.find("*") != len(text) - 1)
        return frozenset(plain), prefixes, others, tuple(pattern for pattern in self.resources if not pattern.plain)


def fits(pattern: Template, resource: str, context: RequestContext) -> bool | None:
    """Whether a resource fits a pattern; None where a variable that the context leaves open decides."""
    undecided = [key for key in pattern.variables() if context.undecided(key)]
    if not undecided:
        return pattern.matches(resource, context.single)
    return None if pattern.loosened(undecided).matches(resource, context.single) else False


def read_document(document: object) -> Mapping[str, Any]:
    """A document as a mapping, given as one or as JSON text, which IAM hands out URL-encoded.

    Raises:
        DocumentError: neither.
    """
    if isinstance(document, str):
        text = document.strip()
        try:
            document = parse_json(text if text.startswith("{") else unquote(text))
        except ValueError as error:
            raise DocumentError("its document is not JSON") from error
    if document is None:
        raise DocumentError("its document is not known")
    if not isinstance(document, Mapping):
        raise DocumentError("its document is not a policy")
    return document


def compile_document(document: object, kind: Kind) -> tuple[CompiledStatement, ...]:
    """The statements of a document.

    Raises:
        DocumentError: IAM would not accept the document.
    """
    mapping = read_document(document)
    version = mapping.get("Version", _VERSIONS[1])
    if version not in _VERSIONS:
        raise DocumentError(f"its Version is {version!r}, not one of {' and '.join(_VERSIONS)}")
    items = as_list(mapping.get("Statement"))
    return tuple(_statement(item, index, kind, version == VERSION) for index, item in enumerate(items))


def _statement(item: object, index: int, kind: Kind, variables: bool) -> CompiledStatement:
    if not isinstance(item, (dict, Mapping)) or item.get("Effect") not in ("Allow", "Deny"):
        raise DocumentError(f"its Statement[{index}] has no Effect of Allow or Deny")
    where = f"Statement[{index}]"
    actions, actions_inverted = _one_of(item, "Action", where)
    resources, resources_inverted = ((), False) if kind == "trust" else _one_of(item, "Resource", where)
    try:
        conditions = _conditions_of(item.get("Condition"), variables)
    except ConditionError as error:
        raise DocumentError(f"its {where}: {error}") from error
    return made(
        CompiledStatement,
        label=str(item.get("Sid") or index),
        allows=item["Effect"] == "Allow",
        actions=actions,
        actions_inverted=actions_inverted,
        resources=tuple(_resource(text, variables) for text in resources),
        resources_inverted=resources_inverted,
        conditions=conditions,
        principal=None if kind == "permissions" else _principal(item, where),
    )


def _conditions_of(element: object, variables: bool) -> tuple[Condition, ...]:
    """The conditions of a ``Condition`` element. Equal elements share them: large estates repeat the same few."""
    if not element:
        return compile_conditions(element, variables)
    return _with_variables(element) if variables else _without_variables(element)


@by_content
def _with_variables(element: object) -> tuple[Condition, ...]:
    return compile_conditions(element)


@by_content
def _without_variables(element: object) -> tuple[Condition, ...]:
    return compile_conditions(element, variables=False)


def _one_of(item: Mapping[str, Any], element: str, where: str) -> tuple[tuple[str, ...], bool]:
    """The texts of ``Action`` or ``NotAction``, and whether it was the second."""
    inverted = element not in item
    name = f"Not{element}"
    value = item.get(name if inverted else element)
    texts = _texts(value)
    if inverted != (name in item) or not value or not all(isinstance(text, str) for text in texts):
        raise DocumentError(f"its {where} needs one of {element} and Not{element}, with at least one text")
    return texts, inverted


def _texts(value: Any) -> tuple[Any, ...]:
    """IAM's "one or many" as a tuple; one text is by far the most frequent."""
    return (value,) if isinstance(value, str) else tuple(as_list(value))


def _resource(text: str, variables: bool) -> Template:
    prefix = text.partition("${")[0]
    return template(text, variables and prefix.count(":") >= ARN_COMPONENTS - 1)


def _principal(item: Mapping[str, Any], where: str) -> PrincipalElement:
    given = [name for name in ("Principal", "NotPrincipal") if name in item]
    if len(given) != 1:
        raise DocumentError(f"its {where} needs one of Principal and NotPrincipal")
    value = item[given[0]]
    if value != "*" and not isinstance(value, (dict, Mapping)):
        raise DocumentError(f"its {where}.{given[0]} is neither * nor a mapping")
    kinds: Mapping[str, Any] = {"AWS": "*"} if value == "*" else value
    aws, federated, services = [
        tuple(map(str, _texts(kinds[kind]))) if kind in kinds else () for kind in ("AWS", "Federated", "Service")
    ]
    inverted = given[0] == "NotPrincipal"
    return made(PrincipalElement, aws=aws, inverted=inverted, federated=federated, services=services)
