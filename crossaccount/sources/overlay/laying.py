"""``SOURCE+KIND:FILE``: an account with a program laid over it, as in a ``crossaccount preview`` of our stacks.

Entities that the program declares replace those in the account. Entities that it managed before and no longer declares
are removed. Everything else stays, except what the program excludes. A program that describes only one moment (a
template, a state) removes nothing, because its former entities are unknown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from crossaccount.engine.deployment import Deployment
from crossaccount.iam.compiled import DocumentError, read_document
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.sources.declared import OPEN, belongings, details
from crossaccount.sources.details import PROVIDERS, Described
from crossaccount.sources.overlay.declared import Managed, declared_by_resources
from crossaccount.sources.overlay.hand_made import HandMade
from crossaccount.sources.overlay.overlay import WORDS, Overlaid, name_of, overlay, with_credentials
from crossaccount.sources.programs.reading import AccountProgram

_MOST = 5
LOOK = "review the plan before it is applied"
_OF_ALL = "aws:iam/policyAttachment:PolicyAttachment"


def lay_over(there: Sequence[Described], programs: Sequence[AccountProgram], where: str) -> list[Described]:
    """The accounts of ``there``, each with its program laid over it, and accounts that only programs describe."""
    by_account = {each.account_id: each for each in programs}
    found = []
    for each in there:
        program = by_account.pop(each.account_id, None) if each.organization is None else None
        found.append(each if program is None else _laid_over(each, program, where))
    for program in by_account.values():
        alone = program.describe("")
        what = f"nothing under it describes {program.account_id}: what the program does not declare is not known there"
        lacking = Problem(where, what, NOT_GIVEN, "add a source of the account before +", "warning")
        found.append(replace(alone, warnings=(*alone.warnings, lacking)))
    return found


def _laid_over(there: Described, program: AccountProgram, where: str) -> Described:
    before = program.before or Deployment(where)
    managed = Managed.of(before, stored=program.stored)
    declared = declared_by_resources(where, there.account_id, program.after, stored=program.stored)
    existing = _complete(there.details)
    live = with_credentials(existing, details(before, deployed=True, stored=program.stored), declared)
    made = overlay(live, declared, managed)
    laid, detached = _without_others(made.details, program, where)
    laid = _with_providers(laid, details(before), declared.details)
    region = there.region or (program.file.region if program.file else "")
    warnings = (*there.warnings, *program.notes, *detached, *_warnings(made, program, there, where))
    unknown = (*there.unknown, *program.notes)
    return replace(there, where=where, details=laid, warnings=warnings, region=region, unknown=unknown)


def _with_providers(laid: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> Mapping[str, Any]:
    """Identity providers of others, and those that the program declares, if the account's own list is known.

    Without it the program's providers alone would look like all that the account has.
    """
    found = dict(laid)
    for key in PROVIDERS:
        if (listed := laid.get(key)) is not None:
            ours = {str(each["Arn"]) for each in (*before.get(key, ()), *after.get(key, ()))}
            found[key] = [*(each for each in listed if str(each.get("Arn")) not in ours), *after.get(key, ())]
    return found


def _complete(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Details with every list that a program can change, even if the file lacks it; documents as mappings."""
    found: dict[str, Any] = dict(item)
    for word in WORDS.values():
        key = f"{word}DetailList"
        found[key] = [_parsed(each, f"{word}PolicyList", "PolicyDocument") for each in item.get(key) or ()]
    found["Policies"] = [_parsed(each, "PolicyVersionList", "Document") for each in item.get("Policies") or ()]
    return found


def _parsed(item: Mapping[str, Any], listed: str, key: str) -> Mapping[str, Any]:
    """An entity with its documents as mappings, where a file has them as IAM hands them out."""
    found = {**item, listed: [{**each, key: _mapping(each.get(key))} for each in item.get(listed) or ()]}
    if "AssumeRolePolicyDocument" in item:
        found["AssumeRolePolicyDocument"] = _mapping(item["AssumeRolePolicyDocument"])
    return found


def _mapping(document: Any) -> Any:
    try:
        return read_document(document) if isinstance(document, str) else document
    except DocumentError:
        return document


def _holders(program: Deployment | None, arns: Collection[str]) -> dict[str, set[tuple[str, str]]]:
    """The users, groups and roles (kind, name) to which a program attaches each of some policies."""
    named: dict[str, set[tuple[str, str]]] = {arn: set() for arn in arns}
    for each in program.resources if program else ():
        holders = named.get(str(each.values.get("policyArn")))
        if holders is None:
            continue
        if each.type == _OF_ALL:
            holders |= {(kind, str(name).lower()) for kind in WORDS for name in each.values.get(f"{kind}s") or ()}
        # Attachments of other resources in the same program belong to the program as well.
        for kind in WORDS:
            if each.type == f"aws:iam/{kind}PolicyAttachment:{kind.capitalize()}PolicyAttachment":
                holders.add((kind, str(each.values.get(kind)).lower()))
    return named


def _without_others(
    laid: Mapping[str, Any], program: AccountProgram, where: str
) -> tuple[Mapping[str, Any], list[Problem]]:
    """An ``aws.iam.PolicyAttachment`` detaches its policy from all entities that it does not name.

    With a warning for each attachment that is not the program's own.
    """
    arns = {str(each.values.get("policyArn")) for each in program.after.of_type(_OF_ALL)}
    # Whom one names is known only in part: then all that have its policy are taken to keep it.
    arns -= {str(each.values.get("policyArn")) for each in program.after.of_type(_OF_ALL) if each.values.get(OPEN)}
    if not arns:
        return laid, []
    named, before = _holders(program.after, arns), _holders(program.before, arns)
    found, warnings = dict(laid), []
    for kind, word in WORDS.items():
        items = []
        for item in laid[f"{word}DetailList"]:
            owner, attached = (kind, name_of(item, word)), item.get("AttachedManagedPolicies") or ()
            gone = {
                arn for arn in (str(each["PolicyArn"]) for each in attached) if owner not in named.get(arn, {owner})
            }
            kept = [each for each in attached if str(each["PolicyArn"]) not in gone]
            items.append({**item, "AttachedManagedPolicies": kept} if gone else item)
            for arn in sorted(gone):
                if owner not in before[arn]:
                    what = f"{item['Arn']}: takes away what others made: attached policy {arn}"
                    warnings.append(Problem(where, what, NOT_GIVEN, LOOK, "warning"))
        found[f"{word}DetailList"] = items
    return found, warnings


def _warnings(made: Overlaid, program: AccountProgram, there: Described, where: str) -> Iterator[Problem]:
    for removal in made.removals:
        yield Problem(where, _removal(removal), NOT_GIVEN, LOOK, "warning")
    if program.before is not None:
        if made.conflicts:
            more = f" and {len(made.conflicts) - _MOST} more" if len(made.conflicts) > _MOST else ""
            what = "the update will fail, because entities exist already and are not the program's"
            what = f"{what}: {', '.join(made.conflicts[:_MOST])}{more}"
            yield Problem(where, what, NOT_GIVEN, "import them, or give the new ones other names", "warning")
    else:
        what = "it is not known what the program had before: what it no longer declares counts as kept"
        yield Problem(where, what, NOT_GIVEN, "lay a plan or a preview over the account", "warning")
    known = {
        (kind, name_of(item, word))
        for kind, word in WORDS.items()
        for item in there.details.get(f"{word}DetailList") or ()
    }
    for kind, name in belongings(program.after):
        if (kind, name.lower()) not in known:
            what = f"has policies or memberships of the {kind} {name}, which is neither there nor declared"
            yield Problem(where, f"{what}: they are left out", NOT_GIVEN, LOOK, "warning")


def _removal(removal: HandMade) -> str:
    why = f" ({removal.why})" if removal.why else ""
    return f"{removal.holder}: takes away what others made: {removal.what} {removal.name}{why}"
