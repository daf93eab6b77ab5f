"""Identity statements without effect: grants that meet no trust, denies that deny nothing, session tags of one side.

A grant is an identity statement that allows ``sts:AssumeRole``. Only grants on roles of accounts with a source are
checked. A grant is good if at least one of its holders has a path.

A deny of ``sts:AssumeRole`` is checked only if it names its roles (in a trust, its principals) exactly. A wider deny is
a guard rail for future principals.

A call that passes session tags or a source identity is refused unless the caller's policies and the role's trust both
allow ``sts:TagSession`` and ``sts:SetSourceIdentity``.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import chain, starmap

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import TRUST_POLICY, Policy, Principal, Role
from crossaccount.access.estate.policies import Details
from crossaccount.access.evaluation.callers import ASSUME_ROLE
from crossaccount.access.evaluation.context import NO_SESSION, assume_context
from crossaccount.access.evaluation.evaluate import judge_assume, judge_assume_in
from crossaccount.access.evaluation.layers import answer_of, open_layers
from crossaccount.access.findings.finding import Found, Kind
from crossaccount.access.findings.mfa import AGE, MFA_IF_EXISTS, MFA_REQUIRED_BEHIND, PRESENT
from crossaccount.access.findings.reach import Holders, Reach, RoleIndex, listed
from crossaccount.access.findings.statements import Statement
from crossaccount.access.paths import paths_to
from crossaccount.access.paths.alike import AlikeCallers
from crossaccount.access.paths.answers import SharedLayers
from crossaccount.access.paths.candidates import Candidates
from crossaccount.access.requirements import Atom
from crossaccount.access.verdict import Verdict
from crossaccount.iam.arn import ACCOUNT_ID, is_arn, parse_arn
from crossaccount.iam.compiled import read_document
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.documents import as_list
from crossaccount.iam.matching import wildcard_match
from crossaccount.iam.names import has_wildcard
from crossaccount.iam.nearest import nearest

_SOURCE = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html "
    "(both accounts have to allow)"
)
NO_SUCH_ROLE = Kind(
    "XA201",
    "warning",
    "A grant names a role that does not exist",
    "It grants nothing today, but it takes effect when somebody creates a role of that name.",
    "Correct the name, declare the role, or remove the grant.",
    _SOURCE,
)
NOT_TRUSTED = Kind(
    "XA202",
    "warning",
    "A grant names a role that does not trust its holder",
    "A path needs both sides: without the trust the grant has no effect.",
    "Add the holder to the role's trust, or remove the grant.",
    _SOURCE,
)
SHADOWED = Kind(
    "XA203",
    "warning",
    "A grant is shadowed by a deny",
    "An explicit deny overrides every allow, so the grant has no effect.",
    "Remove the grant, or narrow the deny.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
)
_LIMITS = {"boundary": "permissions boundary", "scp": "service control policy", "rcp": "resource control policy"}
ANY_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
"""The time of the verdict that explains a missing path. Any time will do, because the path never exists."""


class Grants:
    """Judges the grants of an estate against its paths."""

    def __init__(self, estate: Estate, reach: Reach, holders: Holders) -> None:
        self._estate = estate
        self._reach = reach
        self._holders = holders
        self._roles = RoleIndex.of(estate.roles)
        self._alike = AlikeCallers(estate)
        self._near: dict[str, str] = {}
        self._named: dict[str, tuple[str, ...]] = {}

    def findings(self, statement: Statement) -> Iterator[Found]:
        """The findings on one identity statement, if it is a grant."""
        if statement.side != "identity" or not statement.allows or not statement.covers(ASSUME_ROLE):
            return
        holders = self._holders.of(statement.owner)
        resources = [text for text in statement.texts("Resource") if self.is_judged(text)]
        if not holders or not resources:
            return
        missing = [text for text in resources if not self.named(text)]
        closed = [text for text in resources if text not in missing and not self._gets_in(holders, text)]
        if missing:
            declared = all(parse_arn(text).account in self._estate.declared for text in missing)
            what = "no stack declares such a role" if declared else "there is no such role"
            message = f"grants {listed(missing)}: {what}"
            near = list(filter(None, map(self._nearest, missing)))
            fix = f"did you mean `{listed(near)}`?" if near else NO_SUCH_ROLE.hint
            yield Found(NO_SUCH_ROLE, statement.at("resources"), message, fix)
        yield from self._closed(statement, holders, closed)

    def _closed(self, statement: Statement, holders: tuple[str, ...], resources: Iterable[str]) -> Iterator[Found]:
        """Grants on existing roles that are shadowed or not trusted; nothing if that depends on unknown policies."""
        shadowed: dict[str, Verdict] = {}
        limited: dict[str, Verdict] = {}
        untrusted: list[str] = []
        incomplete: dict[str, tuple[str, ...]] = {}
        for text in resources:
            pairs = self._distinct(self._judged_holders(holders, text), self.named(text))
            verdicts = [judge_assume(self._estate, holder, role, {}, now=ANY_MOMENT) for holder, role in pairs]
            if any(verdict.outcome == "undetermined" for verdict in verdicts):
                continue
            reasons = {verdict.reason for verdict in verdicts}
            if reasons == {"explicit-deny"} and all(starmap(self._is_denied, pairs)):
                shadowed[text] = verdicts[0]
            elif reasons <= _LIMITS.keys():
                limited[text] = verdicts[0]
            elif lacking := tuple(dict.fromkeys(chain.from_iterable(starmap(self._lacking, pairs)))):
                incomplete[text] = lacking
            else:
                untrusted.append(text)
        if shadowed:
            first = next(iter(shadowed.values()))
            message = f"grants {listed(shadowed)} without effect: {first.message}"
            yield Found(SHADOWED, statement.at("resources"), message, SHADOWED.hint)
        if limited:
            first = next(iter(limited.values()))
            fix = f"let the {_LIMITS[str(first.reason)]} allow it, or remove the grant"
            message = f"grants {listed(limited)} without effect: {first.message}"
            yield Found(NOT_TRUSTED, statement.at("resources"), message, fix)
        if incomplete:
            needed = list(dict.fromkeys(chain.from_iterable(incomplete.values())))
            actions, by = listed(needed), _by_keyword(*needed)
            named = [role for text in incomplete for role in self.named(text)]
            if all(_covered_by_trust(self._estate.roles[role].trust, action) for role in named for action in needed):
                what, fix = "which this grant does not allow", f"allow {actions} on the role too{by}"
            else:
                what, fix = "which the trust does not allow", f"add {actions} to the trust{by}"
            message = f"grants {listed(incomplete)} without effect: the call also needs {actions}, {what}"
            yield Found(NOT_TRUSTED, statement.at("resources"), message, fix)
        if untrusted:
            message = f"grants {listed(untrusted)}, which trusts none of {listed(holders)}"
            yield Found(NOT_TRUSTED, statement.at("resources"), message, NOT_TRUSTED.hint)

    def _distinct(self, holders: tuple[str, ...], roles: tuple[str, ...]) -> list[tuple[str, str]]:
        """Each holder with each role, without holders whose verdict is that of an earlier one."""
        seen: set[Hashable] = set()
        pairs = []
        for holder in holders:
            for role in roles:
                caller, target = self._estate.principal(holder), self._estate.roles.get(role)
                key = holder if caller is None or target is None else self._alike.key(caller, target)
                if (role, key) not in seen:
                    seen.add((role, key))
                    pairs.append((holder, role))
        return pairs

    def _lacking(self, holder: str, role: str) -> tuple[str, ...]:
        target = self._estate.roles.get(role)
        return () if target is None else _additional_actions(self._estate, holder, target)

    def _is_denied(self, holder: str, role: str) -> bool:
        """Whether a deny excludes a holder that the trust would allow.

        A deny of only some requests shadows a grant if all sides would allow otherwise.
        """
        caller, target = self._estate.principal(holder), self._estate.roles.get(role)
        if caller is None or target is None:
            return False
        layers = open_layers(self._estate, caller, target)
        return layers.deny() is not None or layers.obstacle() is None

    def _judged_holders(self, holders: tuple[str, ...], resource: str) -> tuple[str, ...]:
        """For an exact role the first holder is enough for the reason; for a pattern all holders are needed."""
        return holders if has_wildcard(resource) else holders[:1]

    def named(self, resource: str) -> tuple[str, ...]:
        """The roles that a resource names or matches."""
        if not has_wildcard(resource):
            return (resource,) if resource in self._estate.roles else ()
        if resource not in self._named:
            of_account = self._roles.of_account(parse_arn(resource).account)
            self._named[resource] = tuple(sorted(arn for arn in of_account if wildcard_match(resource, arn)))
        return self._named[resource]

    def _nearest(self, resource: str) -> str:
        """The role that has nearly the name of one that does not exist, searched once; empty where none has."""
        if resource not in self._near:
            self._near[resource] = "" if has_wildcard(resource) else self._searched(resource)
        return self._near[resource]

    def _searched(self, resource: str) -> str:
        head = resource.partition("/")[0]
        names = (arn.removeprefix(f"{head}/") for arn in self._roles.of_account(parse_arn(resource).account))
        near = nearest(resource.removeprefix(f"{head}/"), names)
        return f"{head}/{near}" if near else ""

    def is_judged(self, resource: str) -> bool:
        """Whether a resource matches only roles of accounts that the sources describe."""
        if not is_arn(resource) or resource.count(":") < 5 or "${" in resource:
            return False
        arn = parse_arn(resource)
        return arn.service == "iam" and arn.resource.startswith("role/") and self._described(arn.account)

    def _described(self, account: str) -> bool:
        return bool(ACCOUNT_ID.match(account)) and account in self._estate.accounts

    def _gets_in(self, holders: tuple[str, ...], resource: str) -> bool:
        return any(self._reach.has(holder, role) for role in self.named(resource) for holder in holders)


class RequiredBehind:
    """Whether the granted roles require MFA themselves, so that a grant without MFA is harmless."""

    def __init__(self, details: Iterable[Details], estate: Estate) -> None:
        self._details = details
        self._estate = estate

    @cached_property
    def _holders(self) -> Holders:
        return Holders(self._details)

    @cached_property
    def _grants(self) -> Grants:
        return Grants(self._estate, Reach.of(()), self._holders)

    @cached_property
    def _shared(self) -> SharedLayers:
        return SharedLayers(self._estate)

    def judged(self, found: Found) -> Found:
        """The finding, as a warning if it is about a grant without MFA and all granted roles require MFA."""
        place = found.place
        if found.kind is not MFA_IF_EXISTS or place.policy == TRUST_POLICY:
            return found
        statement = Statement(place, "identity", place.statement)
        if not self._all_require(statement):
            return found
        message = f"{found.message}; every role that it grants requires MFA itself"
        return replace(found, kind=MFA_REQUIRED_BEHIND, message=message)

    def _all_require(self, statement: Statement) -> bool:
        resources, actions = statement.texts("Resource"), statement.texts("Action")
        if not actions or not all(each.lower() in _SESSIONS for each in actions):
            return False
        if not resources or not all(map(self._grants.is_judged, resources)):
            return False
        callers = [self._estate.principal(arn) for arn in self._holders.of(statement.owner)]
        roles = {arn for text in resources for arn in self._grants.named(text)}
        found = [
            path
            for arn in sorted(roles)
            for path in paths_to(self._estate.roles[arn], [each for each in callers if each], self._shared)
        ]
        return bool(found) and all(any(map(_requires_mfa, each)) for path in found for each in path.alternatives)


_SESSIONS = frozenset({"sts:assumerole", "sts:tagsession", "sts:setsourceidentity"})


def _requires_mfa(atom: Atom) -> bool:
    """Whether only requests with MFA meet the atom."""
    about = atom.is_condition and atom.key.lower() in (PRESENT, AGE)
    return about and not atom.holds(_NOTHING) and not atom.holds(_WITHOUT_MFA)


DENIES_NOTHING = Kind(
    "XA209",
    "warning",
    "A deny denies nothing",
    "The principals that it names have no access without it either. The deny is left over, or names the wrong "
    "principals.",
    "Correct the name, or remove the statement.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
)


class Denials:
    """Checks the denies of an estate. Principals and roles without their denies are cached."""

    def __init__(self, estate: Estate, holders: Holders) -> None:
        self._estate = estate
        self._holders = holders
        self._undenied: dict[str, Principal] = {}
        self._policies: dict[int, Policy] = {}

    def findings(self, statement: Statement) -> Iterator[Found]:
        """Whether a deny of assuming roles denies anything."""
        if statement.allows or not statement.covers(ASSUME_ROLE) or statement.conditions:
            return
        in_trust = statement.side == "trust"
        named = statement.principals("AWS") if in_trust else statement.texts("Resource")
        if not named or not all(self._is_exact(each) for each in named) or not _is_about_sessions_alone(statement):
            return
        principals = named if in_trust else list(self._holders.of(statement.owner))
        roles = [statement.owner] if in_trust else named
        if not principals or any(self._denies(principal, role) for role in roles for principal in principals):
            return
        message = f"denies {listed(principals)} access to {listed(roles)}, which they do not have"
        yield Found(
            DENIES_NOTHING, statement.at("principals" if in_trust else "resources"), message, DENIES_NOTHING.hint
        )

    def _denies(self, principal: str, role: str) -> bool:
        """Whether the principal could assume the role without any deny."""
        if self._is_undeclared(principal) or self._is_undeclared(role):
            return True
        if self._estate.principal(principal) is None or (target := self._estate.roles.get(role)) is None:
            return False
        caller, target = self._caller(principal), replace(target, trust=self._allowing(target.trust))
        context = assume_context(caller, {}, NO_SESSION, ANY_MOMENT, target)
        verdict = judge_assume_in(self._estate, caller, target, context)
        return verdict.outcome != "denied" or verdict.reason in ("condition", "explicit-deny")

    def _is_undeclared(self, arn: str) -> bool:
        """Whether it may exist although the estate does not have it: stacks do not declare everything in their
        accounts.
        """
        return self._estate.principal(arn) is None and parse_arn(arn).account in self._estate.declared

    def _caller(self, arn: str) -> Principal:
        if arn not in self._undenied:
            principal = self._estate.principal(arn)
            assert principal is not None, "asked only of principals of the estate"
            policies = tuple(self._allowing(policy) for policy in principal.policies)
            self._undenied[arn] = replace(principal, policies=policies)
        return self._undenied[arn]

    def _allowing(self, policy: Policy) -> Policy:
        """A policy without its denies."""
        if policy.unknown or all(each.allows for each in policy.statements):
            return policy
        if id(policy) not in self._policies:
            content = read_document(policy.document)
            kept = [each for each in as_list(content["Statement"]) if each["Effect"] == "Allow"]
            self._policies[id(policy)] = replace(policy, document={**content, "Statement": kept})
        return self._policies[id(policy)]

    def _is_exact(self, text: str) -> bool:
        if not is_arn(text) or has_wildcard(text) or "${" in text or text.count(":") < 5:
            return False
        arn = parse_arn(text)
        return arn.service == "iam" and arn.kind in ("role", "user") and arn.account in self._estate.accounts


def _is_about_sessions_alone(statement: Statement) -> bool:
    """Whether a deny is about STS alone: ``*`` on a role also denies passing and changing it."""
    in_trust = statement.side == "trust"
    return in_trust or all(text.lower().startswith("sts:") for text in statement.texts("Action") or ("*",))


ONE_SIDE = Kind(
    "XA114",
    "warning",
    "Session tags or a source identity are allowed on one side only",
    "A call that passes them is denied as a whole unless both the caller's policies and the trust allow "
    "sts:TagSession and sts:SetSourceIdentity.",
    "Add the action on the other side, or remove it here.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required",
)
_KEYWORDS = {"sts:TagSession": "session_tags", "sts:SetSourceIdentity": "source_identity"}
"""The keyword of trusts and grants that allows an action and requires what it passes."""
_ACTIONS = tuple(_KEYWORDS)
_LOWER_ACTIONS = frozenset(map(str.lower, _ACTIONS))
_NOTHING, _WITHOUT_MFA = RequestContext.of(), RequestContext.of({PRESENT: "false"})


def may_be_a_side(statement: Statement) -> bool:
    """Whether a statement allows one of the two actions by name."""
    return statement.allows and any(text.lower() in _LOWER_ACTIONS for text in statement.texts("Action"))


class SessionSides:
    """The two sides of every pair with a path, or with one if both allowed what its conditions require."""

    def __init__(self, estate: Estate, reach: Reach, holders: Holders) -> None:
        self._needed: dict[tuple[str, str], tuple[str, ...]] = {}
        self._estate = estate
        self._reach = reach
        self._holders = holders

    def findings(self, statement: Statement) -> Iterator[Found]:
        """Findings on a statement that allows one of the two actions, which the other side does not allow."""
        if not statement.allows:
            return
        for action in _ACTIONS:
            if any(text.lower() == action.lower() for text in statement.texts("Action")):
                yield from (self._callers if statement.side == "trust" else self._trusts)(statement, action)

    def _callers(self, statement: Statement, action: str) -> Iterator[Found]:
        role = statement.owner
        callers = [arn for arn in self._reach.by_role.get(role, ()) if self._estate.principal(arn) is not None]
        callers = callers or self._kept_out(role, action)
        if callers and not any(_allowed_by_caller(self._estate, arn, action, role) for arn in callers):
            message = f"allows {action}, but none of {listed(callers)} may call it"
            fix = f"allow {action} in their policies too{_by_keyword(action)}, or remove it here"
            yield Found(ONE_SIDE, statement.at("actions"), message, fix)

    def _trusts(self, statement: Statement, action: str) -> Iterator[Found]:
        callers = self._holders.of(statement.owner)
        roles = [self._estate.roles[text] for text in statement.texts("Resource") if text in self._estate.roles]
        closed = [
            role.arn
            for role in roles
            if not _covered_by_trust(role.trust, action)
            and any(self._gets_in(caller, role, action) for caller in callers)
        ]
        if closed:
            message = f"allows {action}, but the trust of {listed(closed)} does not"
            yield Found(
                ONE_SIDE,
                statement.at("actions"),
                message,
                f"add {action} to the trust{_by_keyword(action)}, or remove it here",
            )

    def _kept_out(self, arn: str, action: str) -> list[str]:
        """The callers that could assume a role if the call could pass the required tags and identity."""
        role = self._estate.roles.get(arn)
        found = [] if role is None else self._candidates.of(role)
        return [each.arn for each in found if role is not None and self._gets_in(each.arn, role, action)]

    def _gets_in(self, caller: str, role: Role, action: str) -> bool:
        """Whether a caller has a path, or lacks only the additional action."""
        if self._reach.has(caller, role.arn):
            return True
        return action in self._lacking(caller, role)

    def _lacking(self, caller: str, role: Role) -> tuple[str, ...]:
        """The additional actions of a call, cached by caller and role."""
        key = (caller, role.arn)
        if key not in self._needed:
            self._needed[key] = _additional_actions(self._estate, caller, role)
        return self._needed[key]

    @cached_property
    def _candidates(self) -> Candidates:
        return Candidates(self._estate)


def _by_keyword(*actions: str) -> str:
    """The keywords of the config that allow the actions, in parentheses; empty if an action has none."""
    if not all(action in _KEYWORDS for action in actions):
        return ""
    return f" (in a config `actions`, or {listed([f'`{_KEYWORDS[action]}`' for action in actions])})"


def _additional_actions(estate: Estate, caller: str, role: Role) -> tuple[str, ...]:
    """The actions that a call needs besides sts:AssumeRole, if nothing else keeps the caller out."""
    principal = estate.principal(caller)
    return () if principal is None else answer_of(open_layers(estate, principal, role)).actions


def _allowed_by_caller(estate: Estate, caller: str, action: str, role: str) -> bool:
    principal = estate.principal(caller)
    if principal is None or parse_arn(caller).account == parse_arn(role).account:
        return True
    return any(
        policy.unknown_about(action)
        or any(each.allows and each.about(action) and each.on(role, _NOTHING) for each in policy.statements)
        for policy in principal.policies
    )


def _covered_by_trust(trust: Policy, action: str) -> bool:
    return bool(trust.unknown) or any(each.allows and each.about(action) for each in trust.statements)
