"""What an account shows: AWS's own policies, all of them, and complete authorization details.

MiniStack carries some two dozen AWS-managed policies and knows nothing of the rest; a session whose role has one
attached that MiniStack does not know can do nothing. The documents come from the same bundle as the analyser's
(``crossaccount.access.estate.policies``), also for those that MiniStack carries, so that a policy means the
same tried and judged. A policy is put in place when a call first names it.

From GetAccountAuthorizationDetails MiniStack leaves out the permissions boundaries of users and roles and every
AWS-managed policy, and answers in one page. The order of the items is that of the answer: users, groups, roles,
policies; a page ends anywhere among them.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html (100 items a page
unless MaxItems says otherwise, at most 1,000)
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import quote, unquote
from xml.etree import ElementTree

from crossaccount.local.asgi import Answer
from crossaccount.local.hardening import ministack
from crossaccount.local.hardening.calls import Call, Element, Refusal, constraint, members, parsed, text_of
from crossaccount.local.hardening.engine import DEFAULT_ACCOUNT, Engine, Go

PREFIX = "arn:aws:iam::aws:policy/"


async def present(call: Call, engine: Engine) -> None:
    """Every call that names policies: those of AWS are in place when MiniStack looks."""
    named = [call.get("PolicyArn"), call.get("PermissionsBoundary"), *call.members("PolicyArns", "arn")]
    await put_in_place([arn for arn in named if arn.startswith(PREFIX)], engine)


async def put_in_place(arns: Iterable[str], engine: Engine) -> None:
    """Give MiniStack the documents of AWS-managed policies; an ARN that AWS does not have stays unknown."""
    for arn in arns:
        # The analyser's own module takes a moment to import; most runs name no policy of AWS.
        from crossaccount.access.estate.policies import managed_document

        document = managed_document(arn)
        if document is None:
            continue
        text = json.dumps(document)
        if await document_in_place(arn, engine) != text:
            ministack.put_aws_managed(arn, arn.removeprefix(PREFIX), text)


async def document_in_place(arn: str, engine: Engine) -> str:
    """The document that MiniStack has, empty where it has none."""
    found = await engine.find(DEFAULT_ACCOUNT, "GetPolicyVersion", PolicyArn=arn, VersionId="v1")
    return unquote(text_of(found, "GetPolicyVersionResult/PolicyVersion/Document"))


_ACTION = "GetAccountAuthorizationDetails"
_LISTS = {"User": "UserDetailList", "Group": "GroupDetailList", "Role": "RoleDetailList"}
_POLICIES = "Policies"
_FILTERS = (*_LISTS, "LocalManagedPolicy", "AWSManagedPolicy")
_PAGE = 100
_LARGEST_PAGE = 1000
_COUNTS = ("AttachmentCount", "PermissionsBoundaryUsageCount", "IsAttachable", "CreateDate", "UpdateDate")


async def complete(call: Call, engine: Engine, go: Go) -> Answer:
    """Answer anew, once MiniStack has let the caller in."""
    kinds = call.members("Filter") or list(_FILTERS)
    for kind in kinds:
        if kind not in _FILTERS:
            raise constraint("Filter", kind, f"Member must satisfy enum value set: [{', '.join(_FILTERS)}]")
    answer = await go()
    if not answer.ok:
        return answer
    account = await engine.account_of(call)
    items = [(place, item) for kind, place, item in await _items(account, engine) if kind in kinds]
    page, following = _page(call, items)
    return answer.with_body(_written(page, following, parsed(answer)))


async def _items(account: str, engine: Engine) -> list[tuple[str, str, Element]]:
    """Everything in the account: the filter that selects it, the list that it is in, the item."""
    root = await engine.ask(account, _ACTION)
    result = root.find(f"{_ACTION}Result")
    items = [(kind, place, item) for kind, place in _LISTS.items() for item in members(result, place)]
    for kind, _, item in items:
        if kind in ("User", "Role"):
            await _add_boundary(account, kind, item, engine)
    items += [("LocalManagedPolicy", _POLICIES, item) for item in members(result, _POLICIES)]
    items += [
        ("AWSManagedPolicy", _POLICIES, await _aws_managed(arn, engine)) for arn in _in_use(item for *_, item in items)
    ]
    for *_, place, item in items:
        if place == _POLICIES:
            await _add_counts(account, item, engine)
    return items


async def _add_boundary(account: str, kind: str, item: Element, engine: Engine) -> None:
    entity = await (engine.user if kind == "User" else engine.role)(account, text_of(item, f"{kind}Name"))
    boundary = entity.find("PermissionsBoundary") if entity is not None else None
    if boundary is not None and item.find("PermissionsBoundary") is None:
        item.append(boundary)


async def _add_counts(account: str, item: Element, engine: Engine) -> None:
    found = await engine.find(account, "GetPolicy", PolicyArn=text_of(item, "Arn"))
    policy = found.find("GetPolicyResult/Policy") if found is not None else None
    for name in _COUNTS if policy is not None else ():
        if item.find(name) is None:
            ElementTree.SubElement(item, name).text = text_of(policy, name)


def _in_use(items: Iterable[Element]) -> list[str]:
    """The AWS-managed policies that are attached or a boundary."""
    arns = {
        text.text or ""
        for item in items
        for path in ("AttachedManagedPolicies/member/PolicyArn", "PermissionsBoundary/PermissionsBoundaryArn")
        for text in item.findall(path)
    }
    return sorted(arn for arn in arns if arn.startswith(PREFIX))


async def _aws_managed(arn: str, engine: Engine) -> Element:
    path, _, name = arn.removeprefix(PREFIX).rpartition("/")
    item = ElementTree.Element("member")
    found = await engine.find(DEFAULT_ACCOUNT, "GetPolicy", PolicyArn=arn)
    texts = {
        "PolicyName": name,
        "PolicyId": text_of(found, "GetPolicyResult/Policy/PolicyId"),
        "Arn": arn,
        "Path": f"/{path}/" if path else "/",
        "DefaultVersionId": "v1",
    }
    for key, text in texts.items():
        ElementTree.SubElement(item, key).text = text
    version = ElementTree.SubElement(ElementTree.SubElement(item, "PolicyVersionList"), "member")
    ElementTree.SubElement(version, "Document").text = quote(await document_in_place(arn, engine), safe="")
    ElementTree.SubElement(version, "VersionId").text = "v1"
    ElementTree.SubElement(version, "IsDefaultVersion").text = "true"
    return item


def _page(call: Call, items: list[tuple[str, Element]]) -> tuple[list[tuple[str, Element]], str]:
    """The items from the marker on, and the marker of the next page (empty on the last)."""
    size, marker = call.get("MaxItems") or str(_PAGE), call.get("Marker") or "0"
    if not (size.isdecimal() and 1 <= int(size) <= _LARGEST_PAGE):
        raise constraint("MaxItems", size, f"Member must have value less than or equal to {_LARGEST_PAGE}")
    if not marker.isdecimal():
        raise Refusal("ValidationError", f"Invalid Marker: {marker}")
    end = int(marker) + int(size)
    return items[int(marker) : end], str(end) if end < len(items) else ""


def _written(page: list[tuple[str, Element]], following: str, answered: Element) -> bytes:
    root = ElementTree.Element(f"{_ACTION}Response", {"xmlns": "https://iam.amazonaws.com/doc/2010-05-08/"})
    result = ElementTree.SubElement(root, f"{_ACTION}Result")
    lists = {place: ElementTree.SubElement(result, place) for place in (*_LISTS.values(), _POLICIES)}
    for place, item in page:
        lists[place].append(item)
    ElementTree.SubElement(result, "IsTruncated").text = "true" if following else "false"
    if following:
        ElementTree.SubElement(result, "Marker").text = following
    metadata = ElementTree.SubElement(root, "ResponseMetadata")
    ElementTree.SubElement(metadata, "RequestId").text = text_of(answered, "ResponseMetadata/RequestId")
    written: bytes = ElementTree.tostring(root, encoding="utf-8")
    return written
