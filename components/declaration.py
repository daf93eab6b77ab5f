"""From settings and documents to component arguments: what each side of the account declares."""

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi

from crossaccount.iam.arn import iam_arn, is_arn, parse_arn
from crossaccount.iam.organizations import SERVICE_CONTROL
from crossaccount.settings import Settings
from crossaccount.settings.account_details import CHANGE_PASSWORD, access_key_suffix, secret_name
from crossaccount.settings.documents import Documents, exact_principals
from crossaccount.settings.models import AccessKey, Application, Console, Group, Role, User

from .arguments import Checked
from .handover import HandoverArgs
from .organization import ControlPolicies, ControlPolicyArgs
from .policies import ManagedPolicies, ManagedPolicyArgs
from .providers import IdentityProviders
from .roles import PodIdentityArgs, RoleArgs
from .sign_in import SignIn
from .trusted import GroupArgs, TrustedAccount
from .trusting import TrustingAccount
from .users import AccessKeyArgs, ConsoleArgs, UserArgs

SIGN_IN_HOSTS = {
    "aws": "signin.aws.amazon.com",
    "aws-cn": "signin.amazonaws.cn",
    "aws-us-gov": "signin.amazonaws-us-gov.com",
}
"""By partition, after the account's ID: https://docs.aws.amazon.com/IAM/latest/UserGuide/console-sign-in-url.html"""


def managed_policies(settings: Settings, documents: Documents) -> ManagedPolicies | None:
    """The account's customer-managed policies, those that long grants became among them; none declared, none made."""
    if not documents.managed:
        return None
    args: dict[str, ManagedPolicyArgs] = {}
    for name, document in documents.managed.items():
        policy = settings.policies.get(documents.origins[name].name) if not documents.origins[name].inline else None
        policy_args: Any = {"document": document}
        if policy is not None:
            policy_args |= _given(policy, "path", "description", "tags")
            # A part is another policy than the one that had the name before: there is nothing to adopt or to rename.
            options = _options(policy)
            policy_args |= (
                options if name in settings.policies else {key: options[key] for key in options if key == "protect"}
            )
        args[name] = policy_args
    return ManagedPolicies(settings.account, _checked({"policies": args}))


def identity_providers(settings: Settings) -> IdentityProviders | None:
    """The identity providers that the stack makes: not those of others, and not the pipeline's own."""
    oidc: dict[str, Any] = {}
    saml: dict[str, Any] = {}
    for name, provider in settings.providers.items():
        if not provider.is_made_by_the_stack:
            continue
        common = {**_given(provider, "tags"), **_options(provider)}
        if provider.oidc:
            audiences = list(provider.effective_audiences)
            oidc[name] = {"url": provider.url, "audiences": audiences, **_given(provider, "thumbprints"), **common}
        else:
            saml[name] = {"metadata": settings.metadata[name], **common}
    return IdentityProviders(settings.account, _checked({"oidc": oidc, "saml": saml})) if oidc or saml else None


def control_policies(settings: Settings) -> ControlPolicies | None:
    """The organisation's control policies, if this is the stack of its management account and declares some."""
    if (organization := settings.organization) is None:
        return None
    sections: dict[str, dict[str, ControlPolicyArgs]] = {"scps": {}, "rcps": {}}
    for policy in organization.policies:
        args: ControlPolicyArgs = {"document": policy.document, "targets": list(policy.targets)}
        if policy.description:
            args["description"] = policy.description
        if policy.import_id:
            args["import_id"] = policy.import_id
        sections["scps" if policy.type == SERVICE_CONTROL else "rcps"][policy.name] = args
    full = {"full_access_targets": list(organization.full_access)} if organization.full_access else {}
    return ControlPolicies(settings.account, _checked({**sections, **full}))


def sign_in(settings: Settings) -> SignIn | None:
    """The account's alias and password policy, if the stack declares one of them."""
    policy = settings.sign_in.password_policy
    args: dict[str, Any] = {"alias": settings.sign_in.alias} if settings.sign_in.alias else {}
    if policy is not None:
        args["password_policy"] = policy.model_dump(exclude_none=True)
    return SignIn(settings.account, _checked(args)) if args else None


def trusted_account(
    settings: Settings, documents: Documents, policies: ManagedPolicies | None
) -> TrustedAccount | None:
    """The trusted side, where the config has one."""
    if (trusted := settings.trusted) is None:
        return None
    entities = _Entities(settings, policies)
    return TrustedAccount(
        settings.account,
        _checked(
            {
                "users": {name: entities.user(name, user, documents) for name, user in trusted.users.items()},
                "groups": {name: entities.group(name, group, documents) for name, group in trusted.groups.items()},
                "applications": {
                    name: entities.role(name, app, documents) for name, app in trusted.applications.items()
                },
            }
        ),
    )


def trusting_account(
    settings: Settings,
    documents: Documents,
    policies: ManagedPolicies | None,
    trusted: TrustedAccount | None,
    providers: IdentityProviders | None,
) -> TrustingAccount | None:
    """The trusting side, where the config has one. It waits for ``trusted`` if a trust names a principal of it, and for
    the ``providers`` that a trust names."""
    if (trusting := settings.trusting) is None:
        return None
    entities = _Entities(settings, policies)
    made = trusting.made_by_the_stack
    args = {name: entities.role(name, role, documents) for name, role in made.items()}
    own_roles = {settings.arn_of("role", name): name for name in made}
    earlier = {settings.arn_of("role", name) for name in settings.bootstrap_roles}
    waits_for_trusted = False
    waits_for: dict[str, pulumi.Resource] = {}
    for name, role in made.items():
        exact = exact_principals(role, settings) - earlier
        if siblings := sorted(own_roles[arn] for arn in exact if arn in own_roles):
            args[name]["trusts_roles"] = siblings
        waits_for_trusted |= any(parse_arn(arn).account == settings.account_id for arn in exact - set(own_roles))
        for federation in (each for statement in role.trust for each in statement.federations().values()):
            if providers and (provider := providers.made.get(settings.provider_of(federation).name)):
                waits_for[settings.provider_of(federation).name] = provider
    principals = trusted.principals if trusted and waits_for_trusted else []
    depends_on = [*principals, *waits_for.values()] or None
    return TrustingAccount(settings.account, _checked({"roles": args}), pulumi.ResourceOptions(depends_on=depends_on))


class _Entities:
    """Arguments of users, groups and roles of one account."""

    def __init__(self, settings: Settings, policies: ManagedPolicies | None) -> None:
        self._settings = settings
        self._policies = policies

    def user(self, name: str, user: User, documents: Documents) -> UserArgs:
        args: UserArgs = self._common("users", name, user, documents, documents.user_inline[name])
        args["groups"] = list(user.group_names)
        args["force_destroy"] = user.force_destroy
        if user.console is not None:
            args["console"] = self._console(name, user.console)
            if user.console.password_reset:
                args["attached"] = {
                    **args["attached"],
                    **self._attached([iam_arn("aws", CHANGE_PASSWORD, self._settings.partition)]),
                }
        if user.access_key is not None:
            args["access_key"] = _key(name, "", user.access_key)
        if user.access_keys:
            args["access_keys"] = {key: _key(name, key, each) for key, each in user.access_keys.items()}
        return args

    def group(self, name: str, group: Group, documents: Documents) -> GroupArgs:
        args: GroupArgs = self._common("groups", name, group, documents, documents.group_inline[name])
        return args

    def role(self, name: str, role: Role | Application, documents: Documents) -> RoleArgs:
        section = "roles" if isinstance(role, Role) else "applications"
        args: RoleArgs = self._common(section, name, role, documents, documents.role_inline[name])
        args["assume_role_policy"] = documents.trust[name]
        if role.description:
            args["description"] = role.description
        if role.max_session_duration:
            args["max_session_duration"] = role.max_session_duration
        if isinstance(role, Role) and (pods := _associations(role)):
            args["pod_identities"] = pods
        if isinstance(role, Application) and role.has_instance_profile:
            args["instance_profile"] = True
        return args

    def _common(
        self,
        section: str,
        name: str,
        entity: User | Group | Role | Application,
        documents: Documents,
        inline: Mapping[str, str],
    ) -> Any:
        args = {
            **_given(entity, "path", "tags"),
            **_options(entity),
            "inline": dict(inline),
            "attached": self._attached(documents.attached(section, name, entity.policies, self._settings)),
            "exclusive": entity.exclusive,
        }
        if boundary := getattr(entity, "permissions_boundary", None):
            args["permissions_boundary"] = self._policy_arn(boundary)
        return args

    def _attached(self, policies: Iterable[str]) -> dict[str, pulumi.Input[str]]:
        return {_stable_name(policy): self._policy_arn(policy) for policy in policies}

    def _policy_arn(self, policy: str) -> pulumi.Input[str]:
        if is_arn(policy):
            return policy
        assert self._policies is not None, "settings refuse the name of a policy that the account does not declare"
        return self._policies.arns[policy]

    def _console(self, name: str, console: Console) -> ConsoleArgs:
        host = SIGN_IN_HOSTS[self._settings.partition]
        args: ConsoleArgs = {
            **_handover(console, secret_name(name, "console")),
            "password_length": console.password_length,
            "password_reset": console.password_reset,
            "sign_in_url": f"https://{self._settings.account_id}.{host}/console",
        }
        return args


def _associations(role: Role) -> list[PodIdentityArgs]:
    """The associations of EKS Pod Identity that a role's trust asks for."""
    found: list[PodIdentityArgs] = []
    for pods in (each.pod_identity for each in role.trust):
        if pods and pods.cluster and pods.namespace and pods.service_account:
            args: PodIdentityArgs = {
                "cluster": pods.cluster,
                "namespace": pods.namespace,
                "service_account": pods.service_account,
            }
            if pods.import_id:
                args["import_id"] = pods.import_id
            found.append(args)
    return found


def _key(user: str, name: str, key: AccessKey) -> AccessKeyArgs:
    return {**_handover(key, secret_name(user, access_key_suffix(name))), "status": key.status}


def _handover(how: Console | AccessKey, secret_name: str) -> HandoverArgs:
    if how.pgp is not None:
        return {"pgp_key": how.pgp}
    return {"secret_name": secret_name, "recovery_days": how.recovery_days}


def _stable_name(policy: str) -> str:
    """``ReadOnlyAccess`` of AWS is ``aws/ReadOnlyAccess``; an own policy is its name, in whichever form it is given."""
    if not is_arn(policy):
        return policy
    arn = parse_arn(policy)
    return f"aws/{arn.resource.removeprefix('policy/')}" if arn.account == "aws" else arn.name


def _checked(args: Mapping[str, Any]) -> Any:
    """The arguments of a component. Settings have refused what it would refuse, and said the place in the config."""
    return Checked(args)


def _given(entity: object, *fields: str) -> dict[str, Any]:
    """Those of ``fields`` that the config sets."""
    values = {field: getattr(entity, field, None) for field in fields}
    return {field: _plain(value) for field, value in values.items() if value}


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else list(value) if isinstance(value, tuple) else value


def _options(entity: Any) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if entity.protect:
        options["protect"] = True
    if entity.aliases:
        options["aliases"] = list(entity.aliases)
    if entity.import_id:
        options["import_id"] = entity.import_id
    return options
