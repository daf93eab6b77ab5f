"""``profiles`` and ``granted``: profiles of the AWS CLI, as a fragment of ``~/.aws/config`` or as a registry.

Every profile of ours carries a mark with the principal that it is for, by which a merge knows it again. A profile has
no key for a source identity or session tags: a path that needs them is left out. A registry for Granted is
``granted.yml`` and the config that it names, in one folder of a Git repository.

Sources: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html,
https://docs.commonfate.io/granted/usage/profile-registry
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crossaccount.handoff.credentials import ROLES_ANYWHERE, permission_set
from crossaccount.handoff.entry import Entry, HandedOut, is_one_value, mfa_note, not_handed_out, notes, one_line
from crossaccount.handoff.kinds.own_credentials import own_credentials
from crossaccount.iam.providers import service_of

MARK = "# crossaccount handoff for "
EKS_TOKEN = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"
"""Where EKS mounts the token of a service account:
https://docs.aws.amazon.com/eks/latest/userguide/pod-configuration.html"""
KEYS = frozenset(
    {
        "credential_process",
        "sso_account_id",
        "sso_region",
        "sso_registration_scopes",
        "sso_role_name",
        "sso_session",
        "sso_start_url",
        "web_identity_token_file",
        "role_arn",
        "source_profile",
        "credential_source",
        "role_session_name",
        "external_id",
        "mfa_serial",
        "duration_seconds",
        "region",
    }
)
"""The keys that are ours in a profile of ours."""
CREDENTIAL_SOURCES = {
    "ec2.amazonaws.com": "Ec2InstanceMetadata",
    "ecs-tasks.amazonaws.com": "EcsContainer",
    "pods.eks.amazonaws.com": "EcsContainer",
}
"""Where the credentials of a service's role are found; of every other service's (Lambda's …) in the environment. The
agent of EKS Pod Identity has the endpoint of a container:
https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html"""
INDEX, CONFIG = "granted.yml", "config"
"""The files of a registry."""


class Profiles:
    """A profile for each entry. Of callers with a token those of EKS, whose token is in a file."""

    providers = True

    def able(self, entry: Entry) -> Entry | str:
        """The entry as a profile can ask for it."""
        if entry.is_own:
            return entry
        if entry.provider and service_of(entry.provider) != "eks":
            return "a profile needs a token file, and none is known for it; see the kinds github and esc"
        found = entry.limited_to(lambda parameters: not parameters.source_identity and not parameters.tags)
        if found is None:
            return "a profile passes neither a source identity nor session tags; use env or boto3"
        odd = next((key for key, value in _values(found) if not is_one_value(value)), "")
        return f"its {odd} has a character that no line of a config can hold" if odd else found

    def sections(self, handed: HandedOut) -> dict[str, str]:
        """Each profile's text, by its name; and those of the credentials that ways start with."""
        found: dict[str, str] = {}
        for entry in handed.entries:
            found |= dict(own_credentials(entry, handed.given, MARK))
            if not entry.is_own:
                found[entry.name] = "\n".join(_lines(entry)) + "\n"
        return found

    def text(self, handed: HandedOut) -> str:
        """The fragment."""
        comments = "".join(f"# {line}\n" for line in not_handed_out(handed))
        return "\n".join([*self.sections(handed).values(), *filter(None, [comments])])


class Granted(Profiles):
    """The profiles as a registry."""

    providers = False

    def files(self, handed: HandedOut) -> Mapping[str, str]:
        """The registry's files, by name."""
        return {INDEX: f"awsConfig:\n  - ./{CONFIG}\n", CONFIG: super().text(handed)}

    def text(self, handed: HandedOut) -> str:
        """Both files one after the other, for people to look at."""
        return "\n".join(f"# {name}\n{content}" for name, content in self.files(handed).items())


def _lines(entry: Entry) -> Iterator[str]:
    yield f"[profile {entry.name}]"
    yield f"{MARK}{one_line(entry.principal)}"
    yield from (f"# {note}" for note in notes(entry, mfa_note(entry), _source_note(entry)))
    for key, value in _values(entry):
        yield f"{key} = {value}"


def _source_note(entry: Entry) -> str:
    """Where the source is called as the entry calls its principal: no profile here has that name."""
    if entry.provider or entry.services or entry.through or permission_set(entry.principal):
        return ""
    if entry.source != entry.name.partition(":")[2]:
        return ""
    return f"{entry.source} is a profile of your own, with the credentials of {entry.shown(entry.principal)}"


def _values(entry: Entry) -> Iterator[tuple[str, str]]:
    parameters = entry.parameters
    yield "role_arn", entry.role
    yield ("web_identity_token_file", EKS_TOKEN) if entry.provider else _origin(entry)
    yield "role_session_name", parameters.session_name
    if parameters.external_id:
        yield "external_id", parameters.external_id
    if parameters.mfa:
        yield "mfa_serial", entry.mfa.serial
    if parameters.duration:
        yield "duration_seconds", str(parameters.duration)
    if entry.region:
        yield "region", entry.region


def _origin(entry: Entry) -> tuple[str, str]:
    if not entry.services or entry.own_source or ROLES_ANYWHERE in entry.services:
        return "source_profile", entry.source
    known = (CREDENTIAL_SOURCES[service] for service in CREDENTIAL_SOURCES if service in entry.services)
    return "credential_source", next(known, "Environment")


PROFILES, GRANTED = Profiles(), Granted()
