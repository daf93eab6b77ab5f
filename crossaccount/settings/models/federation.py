"""Keywords that let users of an identity provider assume a role, each with the terms of its service.

A keyword becomes a principal (the provider), an action, and conditions on the audience and on the claims that identify
the user. :meth:`Federation.conditions` makes the conditions. :meth:`Federation.wrong` reports values that would allow
strangers, or nobody. A ``*`` is allowed only if the service reserves all matching names for its customer.

Sources: the pages that ``crossaccount.iam.providers`` names, and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, ClassVar, Literal, NamedTuple
from urllib.parse import quote

from pydantic import BeforeValidator, Field, WithJsonSchema

from crossaccount.iam.names import has_wildcard
from crossaccount.iam.problem import NOT_GIVEN
from crossaccount.iam.providers import IdentityProvider, saml_audience
from crossaccount.iam.request_keys import Sender, issuer, may_carry
from crossaccount.iam.statements import Condition
from crossaccount.settings.models.base import Flag, Model, Text, flag_or_mapping, refuse
from crossaccount.settings.models.requests import OneOrMany

WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
SAML = "sts:AssumeRoleWithSAML"


class Wrong(NamedTuple):
    """A problem of a keyword: the field (empty for the whole keyword), what is wrong, the value, and the fix."""

    field: str
    what: str
    got: object
    fix: str


def _number(value: object) -> object:
    """An ID as text. YAML may have read it as a number; IDs of GitHub and GitLab have no leading zeros."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return str(value)
    if isinstance(value, str) and re.fullmatch(r"[1-9][0-9]*", value):
        return value
    raise refuse("must be the number of an ID", "write the digits")


NumberId = Annotated[
    Text,
    BeforeValidator(_number),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^[1-9][0-9]*$"}]}),
]


class Federation(Model):
    """The base of all keywords for identity providers. ``SERVICE`` is a key of ``iam.providers.SERVICES``."""

    SERVICE: ClassVar = ""
    ACTION: ClassVar = WEB_IDENTITY

    provider: Text | None = Field(default=None, examples=["github"])
    """The name of the provider under crossaccount:providers. Default: the only one of this service."""

    @property
    def named_provider(self) -> str | None:
        """The provider's name under ``crossaccount:providers``; None if the keyword does not name it."""
        return self.provider

    def wrong(self, provider: IdentityProvider) -> Iterator[Wrong]:
        """Problems: values that would allow strangers, or nobody."""
        return iter(())

    def subjects(self, provider: IdentityProvider) -> Sequence[str]:
        """Accepted values of the token's claim ``sub``; ``*`` matches any text."""
        return ()

    def claims(self, provider: IdentityProvider) -> Mapping[str, Sequence[str]]:
        """Further claims that a token must have, each with its accepted values."""
        return {}

    def audiences(self, provider: IdentityProvider) -> Sequence[str]:
        """Accepted values of the token's claim ``aud``."""
        return provider.audiences

    def conditions(self, provider: IdentityProvider, partition: str) -> tuple[Condition, ...]:
        """The conditions on the audience, the subject and the further claims."""
        del partition
        audience = {"StringEquals": {provider.key("aud"): list(self.audiences(provider))}}
        claims = {"sub": self.subjects(provider), **self.claims(provider)}
        return (audience, *(matching(provider.key(claim), values) for claim, values in claims.items() if values))


def matching(key: str, values: Iterable[str]) -> Condition:
    """The condition that a key has one of these values, in which ``*`` and ``?`` are wildcards."""
    texts = list(values)
    return {"StringLike" if any(map(has_wildcard, texts)) else "StringEquals": {key: texts}}


def _chosen(federation: Federation, fields: Sequence[str], of: str, example: str) -> Iterator[Wrong]:
    """A problem unless exactly one of the fields is given, because a subject has one of them."""
    given = [name for name in fields if getattr(federation, name)]
    if len(given) > 1:
        what = f"a token's subject carries only one of {', '.join(fields)}, so nobody meets two"
        yield Wrong("", what, given, "write a statement for each")
    elif not given:
        yield Wrong("", f"needs one of {', '.join(fields)}: it says which part of {of} gets in", NOT_GIVEN, example)


def _plain(federation: Federation, *fields: str, fix: str = "name one") -> Iterator[Wrong]:
    for name in fields:
        value = getattr(federation, name)
        if value and has_wildcard(value):
            yield Wrong(name, "has no wildcard: anybody can take a name that matches it", value, fix)


def _within(federation: Federation, *fields: str) -> Iterator[Wrong]:
    """A problem for each value that cannot be between the colons of a subject."""
    for name in fields:
        value = getattr(federation, name)
        if value and (":" in value or value.strip() != value):
            yield Wrong(name, "has a colon or white space, which the subject cannot have here", value, "correct it")


_REF = re.compile(r"\Arefs/(heads|tags)/")


def _ref(federation: Federation, *fields: str) -> Iterator[Wrong]:
    for name in fields:
        value = getattr(federation, name)
        if value and _REF.match(value):
            yield Wrong(name, f"is the name of a {name} without refs/", value, f"write {_REF.sub('', value)}")
    yield from _within(federation, *fields)


_REPOSITORY = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+\Z")
_OWNER = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9_-]*\Z")
_WORKFLOW = re.compile(r"\A[^/\s:]+/[^/\s:]+/\.github/workflows/[^@\s]+\.ya?ml@\S+\Z")


class GitHub(Federation):
    """Workflows of a GitHub repository, or of all repositories of an organisation.

    Repositories that were created, renamed or transferred since 15 July 2026 send a subject with the IDs of owner and
    repository, others the names alone, until they opt in.
    """

    SERVICE: ClassVar = "github"

    repository: Text | None = Field(default=None, examples=["acme/app"])
    """OWNER/NAME."""
    organization: Text | None = Field(default=None, examples=["acme"])
    """All repositories of this owner, future ones too; instead of a repository."""
    branch: Text | None = Field(default=None, examples=["main"])
    """Workflow runs on this branch, or on those that match, such as release/*."""
    tag: Text | None = Field(default=None, examples=["v*"])
    """Workflow runs on this tag, or on those that match."""
    environment: Text | None = Field(default=None, examples=["production"])
    """Jobs of this environment. GitHub's protection rules decide who may run them."""
    pull_request: Flag = False
    """Workflow runs of pull requests."""
    any: Flag = False
    """Every branch, tag, environment and pull request."""
    workflow: Text | None = Field(default=None, examples=["acme/app/.github/workflows/deploy.yml@refs/heads/main"])
    """The workflow file that the job must come from, with its ref: the claim job_workflow_ref."""
    owner_id: NumberId | None = Field(default=None, examples=["123456"])
    """The owner's ID, as `gh api repos/OWNER/NAME --jq .owner.id` prints it."""
    repository_id: NumberId | None = Field(default=None, examples=["456789"])
    """The repository's ID, as `gh api repos/OWNER/NAME --jq .id` prints it."""
    subject: Literal["both", "ids", "names"] = "both"
    """The accepted forms of the subject. both: the form with IDs, if they are given, and the form with names only."""

    _PARTS: ClassVar = ("branch", "tag", "environment", "pull_request", "any")

    def wrong(self, provider: IdentityProvider) -> Iterator[Wrong]:
        yield from self._wrong_owner()
        yield from _chosen(self, self._PARTS, "the repository", "add branch: main, or any: true for all of it")
        yield from _ref(self, "branch", "tag")
        if self.workflow and not _WORKFLOW.match(self.workflow):
            fix = "write OWNER/NAME/.github/workflows/FILE.yml@refs/heads/BRANCH"
            yield Wrong("workflow", "not a workflow file with its ref", self.workflow, fix)
        yield from self._wrong_ids(provider)
        for claim, values in self.claims(provider).items():
            if not _is_key(provider, claim):
                field = "workflow" if claim == "job_workflow_ref" else claim.removeprefix("repository_owner")
                what = f"AWS passes no claim {claim} of {provider.issuer} as a condition key"
                field = "owner_id" if claim == "repository_owner_id" else field
                yield Wrong(field, what, values[0], "remove it")

    def _wrong_owner(self) -> Iterator[Wrong]:
        if bool(self.repository) == bool(self.organization):
            got = [self.repository, self.organization] if self.repository else NOT_GIVEN
            yield Wrong("", "needs exactly one of repository and organization", got, "write repository: OWNER/NAME")
        elif self.repository and has_wildcard(self.repository):
            owner = self.repository.partition("/")[0]
            fix = f"write a statement for each, or organization: {owner}" if _OWNER.match(owner) else "name one"
            yield Wrong("repository", "has no wildcard: new repositories would get in", self.repository, fix)
        elif self.repository and not _REPOSITORY.match(self.repository):
            yield Wrong("repository", "not a repository", self.repository, "write OWNER/NAME")
        elif self.organization and not _OWNER.match(self.organization):
            yield Wrong("organization", "not an owner of repositories", self.organization, "write its name alone")

    def _wrong_ids(self, provider: IdentityProvider) -> Iterator[Wrong]:
        if self.organization and self.repository_id:
            yield Wrong("repository_id", "is of one repository", self.repository_id, "write repository: OWNER/NAME")
        elif self.repository and bool(self.owner_id) != bool(self.repository_id):
            missing = "repository_id" if self.owner_id else "owner_id"
            yield Wrong(missing, "the subject has both IDs or none", NOT_GIVEN, f"add {missing}, or remove the other")
        if self.subject == "ids" and not self.owner_id:
            yield Wrong("subject", "needs the IDs", self.subject, "add owner_id and repository_id")
        if self.owner_id and provider.issuer.endswith("/_services/token"):
            what = "GitHub Enterprise Server sends subjects without IDs"
            yield Wrong("owner_id", what, self.owner_id, "remove owner_id and repository_id")

    def subjects(self, provider: IdentityProvider) -> Sequence[str]:
        owner, _, name = (self.repository or f"{self.organization}/*").partition("/")
        with_names = f"repo:{owner}/{name}:{self._part}"
        if not self.owner_id or self.subject == "names":
            return (with_names,)
        pinned = f"{name}@{self.repository_id}" if self.repository_id else "*"
        with_ids = f"repo:{owner}@{self.owner_id}/{pinned}:{self._part}"
        return (with_ids,) if self.subject == "ids" else (with_ids, with_names)

    @property
    def _part(self) -> str:
        if self.branch:
            return f"ref:refs/heads/{self.branch}"
        if self.tag:
            return f"ref:refs/tags/{self.tag}"
        if self.environment:
            return f"environment:{_escaped(self.environment)}"
        return "pull_request" if self.pull_request else "*"

    def claims(self, provider: IdentityProvider) -> Mapping[str, Sequence[str]]:
        """GitHub never reuses IDs, so a condition on the ID also makes the form with names only safe."""
        found: dict[str, Sequence[str]] = {}
        if self.repository_id:
            found["repository_id"] = (self.repository_id,)
        elif self.owner_id:
            found["repository_owner_id"] = (self.owner_id,)
        if self.workflow:
            found["job_workflow_ref"] = (self.workflow,)
        return found


def _escaped(environment: str) -> str:
    """GitHub escapes the colons of an environment's name in the subject."""
    return environment.replace(":", quote(":"))


class GitLab(Federation):
    """Jobs of a GitLab project, or of all projects of a group."""

    SERVICE: ClassVar = "gitlab"

    project: Text | None = Field(default=None, examples=["acme/app"])
    """The project with its groups: GROUP/…/NAME."""
    group: Text | None = Field(default=None, examples=["acme"])
    """All projects of this group and its subgroups, future ones too; instead of a project."""
    branch: Text | None = Field(default=None, examples=["main"])
    """Pipelines on this branch, or on those that match."""
    tag: Text | None = Field(default=None, examples=["v*"])
    """Pipelines on this tag, or on those that match."""
    any: Flag = False
    """Every branch and tag."""
    protected: Flag = False
    """Only protected branches and tags: the claim ref_protected, which only gitlab.com has."""
    project_id: NumberId | None = None
    """The project's ID, which GitLab never reuses: the claim project_id, which only gitlab.com has."""

    def wrong(self, provider: IdentityProvider) -> Iterator[Wrong]:
        if bool(self.project) == bool(self.group):
            got = [self.project, self.group] if self.project else NOT_GIVEN
            yield Wrong("", "needs exactly one of project and group", got, "write project: GROUP/NAME")
        elif self.project and has_wildcard(self.project):
            fix = "write a statement for each, or group: GROUP"
            yield Wrong("project", "has no wildcard: new projects would get in", self.project, fix)
        elif self.project and "/" not in self.project.strip("/"):
            yield Wrong("project", "not a project", self.project, "write GROUP/NAME")
        yield from _plain(self, "group")
        yield from _within(self, "project", "group")
        yield from _chosen(self, ("branch", "tag", "any"), "the project", "add branch: main, or any: true")
        yield from _ref(self, "branch", "tag")
        for field, claim in (("protected", "ref_protected"), ("project_id", "project_id")):
            if (value := getattr(self, field)) and not _is_key(provider, claim):
                what = f"AWS passes no claim {claim} of {provider.issuer} as a condition key"
                yield Wrong(field, what, value, "remove it")

    def subjects(self, provider: IdentityProvider) -> Sequence[str]:
        path = self.project or f"{(self.group or '').rstrip('/')}/*"
        if self.branch:
            return (f"project_path:{path}:ref_type:branch:ref:{self.branch}",)
        return (f"project_path:{path}:ref_type:tag:ref:{self.tag}",) if self.tag else (f"project_path:{path}:*",)

    def claims(self, provider: IdentityProvider) -> Mapping[str, Sequence[str]]:
        return {
            "ref_protected": ("true",) if self.protected else (),
            "project_id": (self.project_id,) if self.project_id else (),
        }


_UUID = re.compile(r"\A\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}\Z")


class Bitbucket(Federation):
    """Pipelines of a Bitbucket repository."""

    SERVICE: ClassVar = "bitbucket"

    repository: Text = Field(examples=["{c2fcc0ab-5cf8-4e2c-a1bc-1cf1c1a1b1d1}"])
    """The repository's UUID, in braces."""
    environment: Text | None = None
    """The deployment environment's UUID, in braces. Default: every step of the repository."""

    def wrong(self, provider: IdentityProvider) -> Iterator[Wrong]:
        for name in ("repository", "environment"):
            value = getattr(self, name)
            if value and not _UUID.match(value):
                fix = "copy it from Repository settings → OpenID Connect, in braces and quotes"
                yield Wrong(name, "not a UUID of Bitbucket", value, fix)

    def subjects(self, provider: IdentityProvider) -> Sequence[str]:
        return (":".join(each for each in (self.repository, self.environment, "*") if each),)


class TerraformCloud(Federation):
    """Runs of a workspace of HCP Terraform."""

    SERVICE: ClassVar = "terraform-cloud"

    organization: Text = Field(examples=["acme"])
    """The organisation."""
    project: Text = "*"
    """The project. Default: any; a workspace's name is unique in its organisation."""
    workspace: Text = Field(examples=["network-prod"])
    """The workspace; a pattern such as network-* matches future ones too."""
    run_phase: Literal["plan", "apply", "any"] = Field(examples=["apply"])
    """The phase: plan, apply or any. A plan runs for every proposed change."""

    def wrong(self, provider: IdentityProvider) -> Iterator[Wrong]:
        yield from _plain(self, "organization")
        yield from _within(self, "organization", "project", "workspace")

    def subjects(self, provider: IdentityProvider) -> Sequence[str]:
        phase = "*" if self.run_phase == "any" else self.run_phase
        where = f"organization:{self.organization}:project:{self.project}:workspace:{self.workspace}"
        return (f"{where}:run_phase:{phase}",)


class PulumiCloud(Federation):
    """An environment of Pulumi ESC, or the deployments of a stack in Pulumi Cloud."""

    SERVICE: ClassVar = "pulumi-cloud"

    organization: Text = Field(examples=["acme"])
    """The organisation."""
    environment: Text | None = Field(default=None, examples=["platform/production"])
    """PROJECT/ENVIRONMENT of Pulumi ESC."""
    stack: Text | None = Field(default=None, examples=["network/prod"])
    """PROJECT/STACK: its deployments are trusted."""
    operation: Text = "*"
    """The operation of the deployment: preview, update, refresh, destroy. Default: any."""

    def wrong(self, provider: IdentityProvider) -> Iterator[Wrong]:
        yield from _plain(self, "organization", "environment", "stack")
        yield from _within(self, "organization", "environment", "stack", "operation")
        yield from _chosen(self, ("environment", "stack"), "the organisation", "add environment: PROJECT/ENVIRONMENT")
        for name in ("environment", "stack"):
            value = getattr(self, name)
            if value and value.count("/") != 1:
                yield Wrong(name, "needs its project", value, f"write PROJECT/{value.rsplit('/', 1)[-1]}")
        if self.environment and self.operation != "*":
            yield Wrong("operation", "is of deployments", self.operation, "remove it, or write stack: PROJECT/STACK")
        if bool(self.environment) != bool(self.stack) and not self.audiences(provider):
            wanted = self.organization if self.stack else f"aws:{self.organization}"
            what = "the provider has no audience of this organisation"
            yield Wrong("organization", what, list(provider.audiences), f"add {wanted} to its audiences")

    def audiences(self, provider: IdentityProvider) -> Sequence[str]:
        """Deployments have the organisation's name as audience.

        Environments have ``aws:`` before it; older ones do not.
        """
        wanted = (self.organization,) if self.stack else (f"aws:{self.organization}", self.organization)
        return tuple(each for each in wanted if each in provider.audiences)

    def subjects(self, provider: IdentityProvider) -> Sequence[str]:
        if self.environment:
            return (f"pulumi:environments:org:{self.organization}:env:{self.environment}",)
        project, _, stack = (self.stack or "").partition("/")
        of_stack = f"pulumi:deploy:org:{self.organization}:project:{project}:stack:{stack}"
        return (f"{of_stack}:operation:{self.operation}:scope:write",)


class CircleCi(Federation):
    """Jobs of a CircleCI project."""

    SERVICE: ClassVar = "circleci"

    project: Text = Field(examples=["c2fcc0ab-5cf8-4e2c-a1bc-1cf1c1a1b1d1"])
    """The project's ID, a UUID."""

    def wrong(self, provider: IdentityProvider) -> Iterator[Wrong]:
        if not _UUID.match("{" + self.project + "}"):
            yield Wrong("project", "not the ID of a project", self.project, "copy it from Project Settings → Overview")
        if "/org/" not in provider.issuer:
            what = "its issuer names no organisation"
            yield Wrong(
                "provider", what, provider.issuer, "write oidc: https://oidc.circleci.com/org/<organisation ID>"
            )

    def subjects(self, provider: IdentityProvider) -> Sequence[str]:
        return (f"org/{provider.issuer.rsplit('/', 1)[-1]}/project/{self.project}/user/*",)


class Buildkite(Federation):
    """Jobs of a Buildkite pipeline."""

    SERVICE: ClassVar = "buildkite"

    organization: Text = Field(examples=["acme"])
    """The organisation's slug."""
    pipeline: Text = Field(examples=["deploy"])
    """The pipeline's slug; a pattern such as deploy-* matches future ones too."""
    branch: Text | None = Field(default=None, examples=["main"])
    """Builds of this branch, or of those that match."""
    tag: Text | None = Field(default=None, examples=["v*"])
    """Builds of this tag, or of those that match."""
    any: Flag = False
    """Builds of every branch and tag."""

    def wrong(self, provider: IdentityProvider) -> Iterator[Wrong]:
        yield from _plain(self, "organization")
        yield from _within(self, "organization", "pipeline")
        yield from _chosen(self, ("branch", "tag", "any"), "the pipeline", "add branch: main, or any: true")
        yield from _ref(self, "branch", "tag")

    def subjects(self, provider: IdentityProvider) -> Sequence[str]:
        ref = f"refs/heads/{self.branch}" if self.branch else f"refs/tags/{self.tag}" if self.tag else "*"
        return (f"organization:{self.organization}:pipeline:{self.pipeline}:ref:{ref}:commit:*:step:*",)


_SERVICE_ACCOUNT = re.compile(r"\A[a-z0-9]([a-z0-9-]*[a-z0-9])?/[a-z0-9*?]([a-z0-9.*?-]*[a-z0-9*?])?\Z")


class Eks(Federation):
    """Pods of an EKS cluster that run under a Kubernetes service account (IAM roles for service accounts)."""

    SERVICE: ClassVar = "eks"

    cluster: Text | None = Field(default=None, examples=["prod-cluster"])
    """The cluster's provider, by its name under crossaccount:providers. Default: the only one."""
    service_account: OneOrMany = Field(examples=["payments/api"])
    """NAMESPACE/NAME, or a list of them; the name may be a pattern: payments/*."""

    @property
    def named_provider(self) -> str | None:
        return self.cluster or self.provider

    def wrong(self, provider: IdentityProvider) -> Iterator[Wrong]:
        if self.cluster and self.provider:
            yield Wrong("provider", "contradicts or repeats cluster", self.provider, "remove it")
        if not self.service_account:
            yield Wrong("service_account", "names none", [], "write NAMESPACE/NAME")
        for each in self.service_account:
            if has_wildcard(each.partition("/")[0]):
                what = "a wildcard allows everybody who can create a namespace"
                yield Wrong("service_account", what, each, "name the namespace")
            elif not _SERVICE_ACCOUNT.match(each):
                yield Wrong("service_account", "not a service account", each, "write NAMESPACE/NAME")

    def subjects(self, provider: IdentityProvider) -> Sequence[str]:
        return tuple(f"system:serviceaccount:{each.replace('/', ':', 1)}" for each in self.service_account)


class WebIdentity(Federation):
    """Users of any OpenID Connect provider."""

    provider: Text = Field(examples=["idp"])
    """The name of the provider under crossaccount:providers."""
    audience: OneOrMany = Field(default=(), examples=["sts.amazonaws.com"])
    """The audiences that are accepted. Default: those of the provider."""
    subject: OneOrMany = Field(default=(), examples=["service:deployer"])
    """The subjects that are accepted; * and ? are wildcards."""
    claims_: Mapping[str, OneOrMany] = Field(
        default_factory=dict, alias="claims", examples=[{"email": "a@example.com"}]
    )
    """Further claims, each with the values that are accepted."""

    def wrong(self, provider: IdentityProvider) -> Iterator[Wrong]:
        if not self.subject and not self.claims_:
            what = "needs a subject or a claim: every user of the provider would get in"
            yield Wrong("", what, NOT_GIVEN, "add subject: …")
        for each in self.subject:
            if not each.strip("*?:/"):
                yield Wrong("subject", "every user of the provider matches it", each, "say who")
        for each in self.audience:
            if each not in provider.audiences:
                what = f"is no audience of the provider {provider.name}, so AWS refuses its tokens"
                yield Wrong("audience", what, each, "add it to the provider's audiences, or correct it")
        for claim, values in self.claims_.items():
            if claim in ("aud", "sub"):
                what = f"has a key of its own here, {'audience' if claim == 'aud' else 'subject'}"
                yield Wrong(f"claims.{claim}", what, list(values), "use that")
            elif not _is_key(provider, claim):
                what = f"AWS passes no claim {claim} of {provider.issuer} as a condition key"
                yield Wrong(f"claims.{claim}", what, list(values), "remove it, or put it into the subject")

    def audiences(self, provider: IdentityProvider) -> Sequence[str]:
        return self.audience or provider.audiences

    def subjects(self, provider: IdentityProvider) -> Sequence[str]:
        return self.subject

    def claims(self, provider: IdentityProvider) -> Mapping[str, Sequence[str]]:
        return self.claims_


class Saml(Federation):
    """Users of a SAML 2.0 provider."""

    ACTION: ClassVar = SAML

    attributes: Mapping[str, OneOrMany] = Field(
        default_factory=dict, examples=[{"eduPersonAffiliation": ["staff", "faculty"]}]
    )
    """Attributes of the assertion, each with its accepted values. The name is IAM's condition key without SAML:."""

    def wrong(self, provider: IdentityProvider) -> Iterator[Wrong]:
        for name, values in self.attributes.items():
            place = f"attributes.{name}"
            if name.lower().removeprefix("saml:") == "aud":
                yield Wrong(place, "is always asked: the sign-in page of AWS", list(values), "remove it")
            elif not _is_key(provider, name.partition(":")[2] or name):
                fix = "remove it, or write one of IAM's keys, such as eduPersonAffiliation or namequalifier"
                yield Wrong(place, f"AWS passes no attribute {name} as a condition key", list(values), fix)

    def conditions(self, provider: IdentityProvider, partition: str) -> tuple[Condition, ...]:
        audience = {"StringEquals": {provider.key("aud"): [saml_audience(partition)]}}
        named = ((name.partition(":")[2] or name, values) for name, values in self.attributes.items())
        return (audience, *(matching(provider.key(name), values) for name, values in named))


def _is_key(provider: IdentityProvider, claim: str) -> bool:
    """Whether AWS passes a claim of the provider as a condition key."""
    action = SAML if provider.is_saml else WEB_IDENTITY
    return may_carry(provider.key(claim), action, Sender("federated", frozenset({issuer(provider.arn)})))


POD_IDENTITY = "pods.eks.amazonaws.com"
_CLUSTER = re.compile(r"\A[0-9A-Za-z][0-9A-Za-z_-]{0,99}\Z")
_KUBERNETES = re.compile(r"\A[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\Z")
_ASSOCIATION = re.compile(r"\Aa-[0-9a-z]+\Z")


class PodIdentity(Model):
    """Pods of EKS clusters that get the role through an EKS Pod Identity association.

    With ``cluster`` the stack makes the association; without it the association is made elsewhere.
    """

    cluster: Text | None = Field(default=None, examples=["prod"])
    """The name of a cluster of this account and region: the stack associates the service account with the role."""
    cluster_arn: Text | None = Field(default=None, examples=["arn:aws:eks:eu-central-1:222222222222:cluster/prod"])
    """The ARN of the only cluster whose pods are trusted."""
    namespace: Text | None = Field(default=None, examples=["payments"])
    """The only Kubernetes namespace whose pods are trusted."""
    service_account: Text | None = Field(default=None, examples=["api"])
    """The only Kubernetes service account whose pods are trusted."""
    import_id: Text | None = Field(default=None, alias="import", examples=["a-0123456789abcdef0"])
    """Adopt the existing association with this ID. Needs cluster."""

    _TAGS: ClassVar = {
        "cluster_arn": "eks-cluster-arn",
        "namespace": "kubernetes-namespace",
        "service_account": "kubernetes-service-account",
    }

    def conditions(self, account: str, partition: str) -> tuple[Condition, ...]:
        """The conditions on the session tags that EKS sets: https://docs.aws.amazon.com/eks/latest/userguide/\
pod-id-abac.html."""
        given = {tag: value for name, tag in self._TAGS.items() if (value := getattr(self, name))}
        if self.cluster:
            given = {"eks-cluster-arn": f"arn:{partition}:eks:*:{account}:cluster/{self.cluster}", **given}
        return tuple(matching(f"aws:RequestTag/{tag}", [value]) for tag, value in given.items())

    def wrong(self) -> Iterator[Wrong]:
        """Problems of an association that AWS would refuse, or that a cluster without a name cannot have."""
        if not self.cluster:
            if self.import_id:
                yield Wrong("import", "needs the cluster of the association", self.import_id, "add cluster: NAME")
            return
        if self.cluster_arn:
            yield Wrong("cluster_arn", "contradicts or repeats cluster", self.cluster_arn, "remove it")
        if not _CLUSTER.match(self.cluster):
            yield Wrong("cluster", "not the name of a cluster", self.cluster, "write its name, as EKS lists it")
        for name in ("namespace", "service_account"):
            value = getattr(self, name)
            if not value:
                yield Wrong(name, "is required for an association", NOT_GIVEN, f"add {name}, or remove cluster")
            elif not _KUBERNETES.match(value):
                yield Wrong(name, "not one name of Kubernetes, as an association needs it", value, "write its name")
        if self.import_id and not _ASSOCIATION.match(self.import_id):
            fix = f"write what `aws eks list-pod-identity-associations --cluster-name {self.cluster}` shows"
            yield Wrong("import", "not the ID of an association", self.import_id, fix)


MaybePodIdentity = Annotated[
    PodIdentity | None,
    BeforeValidator(
        flag_or_mapping({}, "true or {cluster: …, namespace: …, service_account: …}"),
        json_schema_input_type=PodIdentity | bool,
    ),
]
