"""Principals in trust policies: everyone, unknown accounts, third parties and their external IDs, services.

An external ID must be unique for each customer, and is chosen by the third party, not by the customer. It is not a
secret, but an ID that can be guessed proves nothing
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html).

A service trust should name the account on whose behalf the service acts: else it is a confused deputy
(https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html). Only services that pass the keys when they
assume a role are checked (``SOURCE_PAGES``, each with its page). EC2, Lambda and others assume a role that was passed
to them within the account, and a condition would lock them out. Every page shows a role's trust policy with the keys,
or states that they are set; all were read on 2026-11-22. A page on the confused deputy alone is not enough: that of AWS
Backup is about a key policy, that of CloudFormation about extensions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from crossaccount.access.findings.finding import Facts, Found, Kind
from crossaccount.access.findings.statements import Demand, Demands, Document, Statement, demands_of, is_positive
from crossaccount.iam.arn import ACCOUNT_ID, is_arn, parse_arn
from crossaccount.iam.conditions import Condition

EVERYONE = Kind(
    "XA105",
    "error",
    "A role trusts everyone",
    "Any principal of any AWS account that may call sts:AssumeRole can assume the role.",
    "Name accounts, or limit the statement by aws:PrincipalOrgID, aws:PrincipalAccount or aws:PrincipalArn.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-anonymous",
)
UNKNOWN_ACCOUNT = Kind(
    "XA106",
    "warning",
    "A role trusts an account outside the address book and the organisation",
    "It is unknown whose account this is, and who can use it.",
    "Add the account to the address book (crossaccount:accounts) if this is intended, else remove it.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-resources.html",
)
THIRD_PARTY = Kind(
    "XA107",
    "warning",
    "A third party is trusted without an external ID",
    "Another customer of the third party can make it use this role (the confused deputy problem).",
    "Require the external ID that the third party gave you. If the account is yours, name a source that describes it "
    "or its organisation, or set its `stack` in the address book (`crossaccount:accounts`, or the file of "
    "`--accounts`); an entry with only an ID does not make it yours.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
)
UNIQUE_ID = Kind(
    "XA113",
    "error",
    "A trust names a principal by its unique ID",
    "AWS shows the ID of a user or role that was deleted. No principal has that ID any more. A new one of the same "
    "name cannot assume the role, and AWS refuses the policy when it is saved again.",
    "Name the new user or role, or trust its account with a condition on aws:PrincipalArn (mode: by-name).",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
)

NOT_PRINCIPAL = Kind(
    "XA311",
    "error",
    "A trust has NotPrincipal",
    "AWS no longer accepts NotPrincipal in a role's trust policy, so the policy cannot be saved again. A role is "
    "exempt only if its session and its account are listed too; a principal with a permissions boundary is never "
    "exempt.",
    'Deny everyone (`Principal: {"AWS": "*"}`) under ArnNotEquals on aws:PrincipalArn.',
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html and "
    "access-analyzer-reference-policy-checks.html (role trust policy syntax error: NotPrincipal)",
)

BARE_WILDCARD = Kind(
    "XA316",
    "warning",
    "A trust has a bare wildcard as Principal",
    "AWS's policy validation reports it as an error in a role's trust. The wildcard as an AWS principal is valid.",
    'Write `Principal: {"AWS": "*"}`, and limit it by a condition.',
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html (role trust policy "
    "unsupported wildcard in principal) and reference_policies_elements_principal.html",
)

_UNIQUE = re.compile(r"\A(AROA|AIDA)[A-Z0-9]+\Z")
_ORGANIZATION = ("aws:principalorgid", "aws:principalorgpaths")
_NAME_A_SOURCE = "if the account is yours, name a source that describes it, or set stack: in the address book"
_OWNER_KEYS = (*_ORGANIZATION, "aws:principalarn", "aws:principalaccount", "aws:userid")


def principal_findings(statement: Statement, demands: Sequence[Demand], facts: Facts) -> Iterator[Found]:
    """The findings on the AWS principals of a trust statement with these ``demands``."""
    names = statement.principals("AWS")
    if gone := sorted(each for each in names if _UNIQUE.match(each)):
        message = f"names {', '.join(gone)}, the unique ID of a principal that was deleted"
        yield Found(UNIQUE_ID, statement.at("principals"), message, "name the new principal, or trust it by name")
    if not statement.allows:
        return
    if "*" in names and not any(each.is_for(_names_owner) for each in demands):
        message = "allows every principal of every AWS account"
        yield Found(EVERYONE, statement.at("principals"), message, "name an account, or add aws:PrincipalOrgID")
    for account in sorted({account for each in names if (account := _account(each))}):
        yield from _foreign(statement, account, demands, facts)


def _foreign(statement: Statement, account: str, demands: Sequence[Demand], facts: Facts) -> Iterator[Found]:
    if not facts.is_known(account):
        message = f"trusts account {account}, which is in no source and no address book"
        fix = "add it to crossaccount:accounts if this is intended, else remove it"
        yield Found(UNKNOWN_ACCOUNT, statement.at("principals"), message, fix)
    if not facts.is_ours(account) and not any(each.is_for(_keeps_deputies_out) for each in demands):
        message = f"trusts account {facts.named(account)} without an external ID"
        fix = f"require the external ID that they gave you; {_NAME_A_SOURCE}"
        yield Found(THIRD_PARTY, statement.at("principals"), message, fix)


def _keeps_deputies_out(condition: Condition) -> bool:
    """Whether a condition protects against the confused deputy: an external ID, or an organisation, to which the third
    party does not belong.
    """
    key = condition.key.lower()
    return is_positive(condition) and (key == "sts:externalid" or (key in _ORGANIZATION and _names_owner(condition)))


def _names_owner(condition: Condition) -> bool:
    """Whether a condition names the owner of the allowed principals, and does not match every account or
    organisation.
    """
    key = condition.key.lower()
    if not is_positive(condition) or key not in _OWNER_KEYS:
        return False
    like = condition.base in ("stringlike", "arnlike", "arnequals")
    return not (
        like and any("*" in _owner(key, each.text) or "?" in _owner(key, each.text) for each in condition.values)
    )


def _owner(key: str, text: str) -> str:
    """The part of a value that names a principal's owner: an organisation, an account, or a unique ID."""
    if key == "aws:principalarn":
        return text.split(":")[4] if text.count(":") >= 5 else text
    if key == "aws:userid":
        return text.partition(":")[0]
    return text.partition("/")[0] if key == "aws:principalorgpaths" else text


def _account(principal: str) -> str:
    if ACCOUNT_ID.match(principal):
        return principal
    account = parse_arn(principal).account if is_arn(principal) and principal.count(":") >= 5 else ""
    return account if ACCOUNT_ID.match(account) else ""


_THIRD_PARTY_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html"
WEAK = Kind(
    "XA108",
    "warning",
    "An external ID is easy to guess",
    "The external ID protects against other customers of the third party only if they cannot guess it.",
    "Use the ID that the third party generated for you, such as a UUID.",
    _THIRD_PARTY_PAGE,
)
SHARED = Kind(
    "XA109",
    "warning",
    "Several accounts are trusted with the same external ID",
    "An external ID shows for which customer a third party acts. A party that knows the ID of another one can pose as "
    "that customer.",
    "Use one external ID for each third party.",
    _THIRD_PARTY_PAGE,
)
ROTATED = Kind(
    "XA331",
    "warning",
    "An old external ID is still valid",
    "While an external ID is replaced, both are valid. Whoever knows the old one can use it until it is removed. The "
    "config lists the old one first.",
    "Remove the old external ID as soon as the third party passes the new one.",
    _THIRD_PARTY_PAGE,
)
SHORTEST = 10
_WORDS = re.compile(
    r"\A[\W_]*(the|my|our)?[\W_]*(external|extern|test|secret|password|changeme|example|default|prod|dev|id|aws|demo|"
    r"[\W_0-9])+\Z",
    re.IGNORECASE,
)
_ONE_WORD = re.compile(r"\A[A-Za-z]{1,16}[-_.]?\d{0,4}\Z")


def weak_external_ids(statement: Statement) -> Iterator[Found]:
    """Findings on external IDs that can be guessed: short, a number, an account ID, or everyday words."""
    if statement.side != "trust" or not statement.allows:
        return
    for external_id in _external_ids(statement):
        if reason := _weakness(external_id, parse_arn(statement.owner).name):
            message = f"the external ID {external_id!r} {reason}"
            yield Found(WEAK, statement.at("external_id"), message, "use one that the third party generated")


def shared_external_ids(statements: Iterable[Statement], facts: Facts) -> Iterator[Found]:
    """Findings on external IDs that are required from more than one foreign account."""
    users: dict[str, list[tuple[Statement, frozenset[str]]]] = {}
    for statement in statements:
        accounts = frozenset(_accounts(statement) - facts.own)
        if statement.side == "trust" and statement.allows and accounts:
            for external_id in _external_ids(statement):
                users.setdefault(external_id, []).append((statement, accounts))
    for external_id, places in users.items():
        everyone = frozenset[str]().union(*(accounts for _, accounts in places))
        if len(everyone) > 1:
            for statement, _ in places:
                message = f"the external ID {external_id!r} is required from accounts {', '.join(sorted(everyone))}"
                yield Found(SHARED, statement.at("external_id"), message, "use one for each third party")


def _external_ids(statement: Statement) -> list[str]:
    conditions = [each for each in statement.on("sts:externalid") if not each.negated and each.base != "null"]
    return sorted({value.text for condition in conditions for value in condition.values})


def _weakness(external_id: str, role: str) -> str:
    if "*" in external_id or "?" in external_id:
        return "is a pattern that many values match"
    if external_id.isdigit() or ACCOUNT_ID.search(external_id):
        return "is only a number"
    if len(external_id) < SHORTEST:
        return f"has fewer than {SHORTEST} characters"
    if external_id.lower() == role.lower():
        return "is the name of the role"
    if _WORDS.match(external_id) and not any(character.isdigit() for character in external_id):
        return "is made of everyday words"
    if _ONE_WORD.match(external_id):
        return "is one word, or a word and a number"
    return "repeats one character" if len(set(external_id)) < 4 else ""


def _accounts(statement: Statement) -> set[str]:
    found = set()
    for principal in statement.principals("AWS"):
        if ACCOUNT_ID.match(principal):
            found.add(principal)
        elif is_arn(principal) and principal.count(":") >= 5:
            found.add(parse_arn(principal).account)
    return found


_DOCS = "https://docs.aws.amazon.com"
_DEPUTY = "cross-service-confused-deputy-prevention.html"

SOURCE_PAGES: Mapping[str, str] = {
    "amplify": f"{_DOCS}/amplify/latest/userguide/{_DEPUTY}",
    "application-autoscaling": f"{_DOCS}/emr/latest/ManagementGuide/emr-iam-role-automatic-scaling.html",
    "appstream": f"{_DOCS}/appstream2/latest/developerguide/example-fleet-machine.html",
    "appsync": f"{_DOCS}/appsync/latest/eventapi/adding-a-data-source.html#iam-trust-policy",
    "autoscaling": f"{_DOCS}/autoscaling/ec2/userguide/{_DEPUTY}",
    "batch": f"{_DOCS}/batch/latest/userguide/{_DEPUTY}",
    "bedrock": f"{_DOCS}/bedrock/latest/userguide/{_DEPUTY}",
    "bedrock-agentcore": f"{_DOCS}/bedrock-agentcore/latest/devguide/{_DEPUTY}",
    "codebuild": f"{_DOCS}/codebuild/latest/userguide/{_DEPUTY}",
    "comprehend": f"{_DOCS}/comprehend/latest/dg/{_DEPUTY}",
    "credentials.iot": f"{_DOCS}/iot/latest/developerguide/{_DEPUTY}",
    "datasync": f"{_DOCS}/datasync/latest/userguide/{_DEPUTY}",
    "ecs-tasks": f"{_DOCS}/AmazonECS/latest/developerguide/task-iam-roles.html",
    "eks": f"{_DOCS}/eks/latest/userguide/{_DEPUTY}",
    "eks-fargate-pods": f"{_DOCS}/eks/latest/userguide/pod-execution-role.html",
    "elasticmapreduce": f"{_DOCS}/emr/latest/ManagementGuide/emr-iam-role.html",
    "events": f"{_DOCS}/eventbridge/latest/userguide/{_DEPUTY}",
    "frauddetector": f"{_DOCS}/frauddetector/latest/ug/confused-deputy-prevention.html",
    "grafana": f"{_DOCS}/grafana/latest/userguide/{_DEPUTY}",
    "greengrass": f"{_DOCS}/greengrass/v2/developerguide/{_DEPUTY}",
    "iot": f"{_DOCS}/iot/latest/developerguide/{_DEPUTY}",
    "kafkaconnect": f"{_DOCS}/msk/latest/developerguide/msk-connect-service-execution-role.html",
    "kendra": f"{_DOCS}/kendra/latest/dg/iam-roles.html",
    "logs": f"{_DOCS}/AmazonCloudWatch/latest/logs/SubscriptionFilters.html",
    "monitoring.rds": f"{_DOCS}/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html",
    "personalize": f"{_DOCS}/personalize/latest/dg/{_DEPUTY}",
    "pipes": f"{_DOCS}/eventbridge/latest/userguide/{_DEPUTY}#cross-service-confused-deputy-prevention-eb-pipes",
    "rds": f"{_DOCS}/AmazonRDS/latest/UserGuide/{_DEPUTY}",
    "rekognition": f"{_DOCS}/rekognition/latest/dg/{_DEPUTY}",
    "rolesanywhere": f"{_DOCS}/rolesanywhere/latest/userguide/trust-model.html#trust-policy",
    "sagemaker": f"{_DOCS}/sagemaker/latest/dg/security-confused-deputy-prevention.html",
    "scheduler": f"{_DOCS}/scheduler/latest/UserGuide/{_DEPUTY}",
    "ssm": f"{_DOCS}/systems-manager/latest/userguide/{_DEPUTY}",
    "states": f"{_DOCS}/step-functions/latest/dg/procedure-create-iam-role.html#prevent-cross-service-confused-deputy",
    "transcribe": f"{_DOCS}/transcribe/latest/dg/security-iam-confused-deputy.html",
    "transfer": f"{_DOCS}/transfer/latest/userguide/confused-deputy.html",
    "vpc-flow-logs": f"{_DOCS}/vpc/latest/userguide/flow-logs-iam-role.html",
}
"""The pages by service principal without ``.amazonaws.com``."""


WITHOUT_SOURCE = Kind(
    "XA110",
    "warning",
    "A service is trusted without aws:SourceAccount or aws:SourceArn",
    "A person in another account who can configure the service could make it use this role.",
    "Add a condition StringEquals on aws:SourceAccount, or ArnLike on aws:SourceArn.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
)
_SOURCE_KEYS = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths")


def service_findings(document: Document) -> Iterator[Found]:
    """Findings on services that pass the source keys, in statements without a condition on them."""
    demands: Demands | None = None
    for index, statement in enumerate(document.statements):
        if document.side != "trust" or not statement.allows or not (services := _source_services(statement)):
            continue
        demands = demands_of(document, of_services=True) if demands is None else demands
        if any(each.is_for(_names_source) for each in demands[index]):
            continue
        account = parse_arn(statement.owner).account
        message = f"trusts {', '.join(services)} on behalf of any account"
        fix = f'add the condition {{StringEquals: {{aws:SourceAccount: "{account}"}}}}'
        yield Found(WITHOUT_SOURCE, statement.at("services"), message, fix)


def _source_services(statement: Statement) -> list[str]:
    """The services of a statement that pass the source keys."""
    return sorted(each for each in statement.principals("Service") if _label(each) in SOURCE_PAGES)


def _names_source(condition: Condition) -> bool:
    """Whether a condition requires a source. IfExists is enough, because these services pass the key."""
    return condition.key.lower() in _SOURCE_KEYS and not condition.negated and condition.base != "null"


def _label(service: str) -> str:
    return service.partition(".amazonaws.com")[0]


def form_findings(statement: Statement) -> Iterator[Found]:
    """Findings on a Principal that AWS does not accept in a trust. NotPrincipal in an Allow is refused elsewhere."""
    if "NotPrincipal" in statement.raw and not statement.allows:
        message = "has NotPrincipal, which AWS does not accept in a role's trust policy"
        yield Found(NOT_PRINCIPAL, statement.at("principals"), message, NOT_PRINCIPAL.hint)
    if statement.raw.get("Principal") == "*":
        message = "has Principal \"*\", which AWS's policy validation reports as an error in a role's trust policy"
        yield Found(BARE_WILDCARD, statement.at("principals"), message, 'write {"AWS": "*"}')
