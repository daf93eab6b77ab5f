"""Which keys a request carries; every row is a key, the action, who sends it, and whether it may be there."""

from __future__ import annotations

import pytest

from crossaccount.iam.request_keys import Sender, issuer, may_be_multivalued, may_carry, never_has_wildcards

USER, ROLE, EXTERNAL = Sender("user"), Sender("role"), Sender("external")
GITHUB = Sender("federated", frozenset({"token.actions.githubusercontent.com"}))
OKTA = Sender("federated", frozenset({"saml"}))
LAMBDA = Sender("service", frozenset({"lambda.amazonaws.com"}))
ANYWHERE = Sender("service", frozenset({"rolesanywhere.amazonaws.com"}))
WEB, SAML = "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"


@pytest.mark.parametrize(
    ("key", "action", "sender", "carried"),
    [
        ("sts:ExternalId", "sts:AssumeRole", USER, True),
        ("sts:ExternalId", WEB, GITHUB, False),
        ("ec2:Owner", "sts:AssumeRole", USER, False),
        ("ec2:SourceInstanceARN", "sts:AssumeRole", ROLE, True),
        ("ec2:SourceInstanceARN", "sts:AssumeRole", USER, False),
        ("token.actions.githubusercontent.com:sub", WEB, GITHUB, True),
        ("token.actions.githubusercontent.com:iss", WEB, GITHUB, False),
        ("gitlab.com:sub", WEB, GITHUB, False),
        ("gitlab.com:sub", "sts:AssumeRole", USER, False),
        ("SAML:aud", SAML, OKTA, True),
        ("SAML:aud", WEB, GITHUB, False),
        ("saml:sub", "sts:AssumeRole", Sender("role", frozenset({"saml"})), True),
        ("saml:sub", "sts:AssumeRole", ROLE, False),
        ("aws:PrincipalArn", WEB, GITHUB, False),
        ("aws:PrincipalTag/team", "sts:AssumeRole", LAMBDA, False),
        ("aws:PrincipalTag/x509Subject/CN", "sts:AssumeRole", ANYWHERE, True),
        ("aws:SourceArn", "sts:AssumeRole", LAMBDA, True),
        ("aws:SourceArn", "sts:AssumeRole", USER, False),
        ("aws:username", "sts:AssumeRole", ROLE, False),
        ("aws:SomethingNew", "sts:AssumeRole", USER, True),
        ("sts:RequestContextProviders", "sts:AssumeRole", ROLE, True),
        ("s3:ExistingObjectTag/team", "s3:GetObject", ROLE, True),
        ("ec2:Owner", "s3:GetObject", ROLE, False),
        ("newservice:Key", "newservice:Do", ROLE, True),
    ],
)
def test_whether_a_request_may_carry_a_key(key: str, action: str, sender: Sender, carried: bool) -> None:
    assert may_carry(key, action, sender) is carried


@pytest.mark.parametrize(
    ("provider", "prefix"),
    [
        (
            "arn:aws:iam::1:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/AA",
            "oidc.eks.eu-west-1.amazonaws.com/id/aa",
        ),
        ("accounts.google.com", "accounts.google.com"),
        ("arn:aws:iam::1:saml-provider/Okta", "saml"),
    ],
)
def test_how_the_keys_of_a_provider_begin(provider: str, prefix: str) -> None:
    assert issuer(provider) == prefix


def test_keys_of_several_values_and_keys_without_wildcards() -> None:
    assert [key for key in ("aws:TagKeys", "sts:ExternalId", "sts:TransitiveTagKeys") if may_be_multivalued(key)] == [
        "aws:TagKeys",
        "sts:TransitiveTagKeys",
    ]
    assert never_has_wildcards("sts:ExternalId")
    assert not never_has_wildcards("s3:prefix")
