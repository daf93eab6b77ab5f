"""AWS services that a trust lets in. They are principals of no account and have no policies: the trust alone decides.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html ("AWS service
principals"), reference_policies_condition-keys.html (aws:PrincipalIsAWSService, aws:PrincipalServiceName). Whoever
makes a service act needs ``iam:PassRole``, which is not judged here.
"""

from __future__ import annotations

import re

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Role
from crossaccount.access.evaluation.outsiders import Outsider, outsider

_COGNITO = "cognito-identity.amazonaws.com"
"""An identity provider by this name, not a service."""
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.(com(\.cn)?|eu)", re.ASCII)


def service(name: str) -> Outsider:
    """The service of this name (``ec2.amazonaws.com``) as a caller."""
    keys = {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": name}
    return Outsider(name, keys=keys, provider=True, service=True)


def is_service(name: str) -> bool:
    """Whether a name can be that of a service."""
    return name != _COGNITO and _SERVICE.fullmatch(name) is not None


def trusted_services(role: Role) -> tuple[str, ...]:
    """The services that the Allow statements of a role's trust name, each once."""
    elements = (each.principal for each in role.trust.statements if each.allows)
    return tuple(dict.fromkeys(name for element in elements if element for name in element.services))


def caller_outside(estate: Estate, name: str, role: Role) -> Outsider | None:
    """Whom a name means that no source describes: also a service, if the role's trust or its name says that it is."""
    if is_service(name) or name in trusted_services(role):
        return service(name)
    found = outsider(name, estate.accounts)
    return found and found.placed(estate)
