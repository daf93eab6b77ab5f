"""AssumeRoleWithSAML: of all assertions only the right one gets in."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws, Credentials, unsigned_sts
from crossaccount.local.saml import ATTRIBUTES, Response, SamlIdentityProvider

ISSUER = "https://idp.example.com/saml"
Assume = Callable[..., Any]


@pytest.fixture(scope="session")
def idp() -> SamlIdentityProvider:
    """The identity provider whose certificate the account has."""
    return SamlIdentityProvider()


@pytest.fixture(scope="session")
def stranger() -> SamlIdentityProvider:
    """Another one, with a key of its own."""
    return SamlIdentityProvider("stranger")


def trust(provider: str, *actions: str, **conditions: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": ["sts:AssumeRoleWithSAML", *actions],
        "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}, **conditions},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def provider(root: Aws, idp: SamlIdentityProvider) -> str:
    """The provider in the account."""
    return root.iam.create_saml_provider(Name="corp", SAMLMetadataDocument=idp.metadata(ISSUER))["SAMLProviderArn"]


@pytest.fixture
def role(root: Aws, provider: str) -> str:
    """A role that trusts the provider."""
    return root.iam.create_role(RoleName="staff", AssumeRolePolicyDocument=trust(provider))["Role"]["Arn"]


@pytest.fixture
def right(role: str, provider: str) -> Response:
    """What the identity provider says of Ada."""
    own = {f"{ATTRIBUTES}Role": [f"{role},{provider}"], f"{ATTRIBUTES}RoleSessionName": ["ada@example.com"]}
    return Response(ISSUER, "ada", own)


@pytest.fixture
def assume(root: Aws, role: str, provider: str) -> Assume:
    """Call STS with an assertion, unsigned as any browser's tool does."""
    client = unsigned_sts(root.endpoint, "us-east-1")

    def call(assertion: str, **more: Any) -> Any:
        given = {"RoleArn": role, "PrincipalArn": provider, "SAMLAssertion": assertion, **more}
        return client.assume_role_with_saml(**given)

    return call


def refused(assume: Assume, assertion: str, code: str, message: str = "", **more: Any) -> None:
    with pytest.raises(ClientError) as caught:
        assume(assertion, **more)
    assert (caught.value.response["Error"]["Code"], message in str(caught.value)) == (code, True), str(caught.value)


def adding(response: Response, **own: list[str]) -> Response:
    named = {f"{ATTRIBUTES}{name.replace('__', ':')}": values for name, values in own.items()}
    return replace(response, attributes={**response.attributes, **named})


def test_the_right_assertion_gets_in_and_is_reported_who_it_is(
    assume: Assume, idp: SamlIdentityProvider, right: Response, root: Aws
) -> None:
    found = assume(idp.signed(right))
    assert found["AssumedRoleUser"]["Arn"].endswith(":assumed-role/staff/ada@example.com")
    said = {key: found[key] for key in ("Audience", "Issuer", "Subject", "SubjectType")}
    assert said == {
        "Audience": "https://signin.aws.amazon.com/saml",
        "Issuer": ISSUER,
        "Subject": "ada",
        "SubjectType": "persistent",
    }
    keys = found["Credentials"]
    session = Aws(
        root.endpoint, Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]), "us-east-1"
    )
    assert session.sts.get_caller_identity()["Arn"] == found["AssumedRoleUser"]["Arn"]


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"issuer": "https://other.example.com"}, "InvalidIdentityToken", "Issuer not present in specified provider"),
        ({"issued": -400}, "ExpiredTokenException", "within 5 minutes of issuance"),
        ({"ends": -1}, "ExpiredTokenException", "Response has expired"),
        ({"issued": 900, "ends": 1200}, "InvalidIdentityToken", "not valid yet"),
        ({"audience": "urn:example"}, "InvalidIdentityToken", "does not contain the required audience"),
        ({"recipient": "https://sp.example.com/saml"}, "InvalidIdentityToken", "sign-in address of AWS"),
        ({"recipient": "https://signin.aws.amazon.com.evil.example/saml"}, "InvalidIdentityToken", "sign-in address"),
        ({"subject": ""}, "InvalidIdentityToken", "NameID"),
        ({"session_ends": 60}, "InvalidIdentityToken", "SessionNotOnOrAfter"),
        ({"attributes": {}}, "InvalidIdentityToken", "RoleSessionName is required"),
    ],
)
def test_any_other_response_is_refused(
    assume: Assume, idp: SamlIdentityProvider, right: Response, changes: dict[str, Any], code: str, message: str
) -> None:
    refused(assume, idp.signed(replace(right, **changes)), code, message)


@pytest.mark.parametrize(
    ("own", "code", "message"),
    [
        ({"RoleSessionName": ["a b"]}, "InvalidIdentityToken", "must match"),
        ({"RoleSessionName": ["ada", "bo"]}, "InvalidIdentityToken", "RoleSessionName"),
        ({"SessionDuration": ["60"]}, "InvalidIdentityToken", "between 900 and 43200"),
        (
            {"Role": ["arn:aws:iam::111111111111:role/x,arn:aws:iam::111111111111:saml-provider/corp"]},
            "AccessDenied",
            "",
        ),
        ({"PrincipalTag__team": ["red", "blue"]}, "InvalidIdentityToken", "exactly one value"),
        ({"TransitiveTagKeys": ["team"]}, "InvalidIdentityToken", "the key of no session tag"),
        ({"SourceIdentity": ["aws:x"]}, "InvalidIdentityToken", "source identity"),
    ],
)
def test_an_attribute_of_aws_that_is_wrong_is_refused(
    assume: Assume, idp: SamlIdentityProvider, right: Response, own: dict[str, list[str]], code: str, message: str
) -> None:
    refused(assume, idp.signed(adding(right, **own)), code, message)


def test_the_response_may_be_signed_in_place_of_its_assertion(
    assume: Assume, idp: SamlIdentityProvider, stranger: SamlIdentityProvider, right: Response
) -> None:
    good = idp.signed(right, whole=True)
    assert assume(good)["Subject"] == "ada"
    refused(assume, _changed(good, ">ada<", ">bob<"), "InvalidIdentityToken", "signature invalid")
    refused(assume, stranger.signed(right, whole=True), "InvalidIdentityToken", "signature invalid")


def test_the_key_of_another_identity_provider_is_the_wrong_one(
    assume: Assume, stranger: SamlIdentityProvider, right: Response
) -> None:
    refused(assume, stranger.signed(right), "InvalidIdentityToken", "Response signature invalid")


def test_the_pair_of_role_and_provider_must_be_in_the_assertion(
    assume: Assume, idp: SamlIdentityProvider, right: Response, root: Aws, provider: str
) -> None:
    other = root.iam.create_role(RoleName="admin", AssumeRolePolicyDocument=trust(provider))["Role"]["Arn"]
    refused(assume, idp.signed(right), "AccessDenied", "Not authorized", RoleArn=other)
    second = root.iam.create_saml_provider(Name="corp2", SAMLMetadataDocument=idp.metadata(ISSUER))["SAMLProviderArn"]
    refused(assume, idp.signed(right), "AccessDenied", "Not authorized", PrincipalArn=second)
    refused(assume, idp.signed(right), "InvalidIdentityToken", "doesn't exist", PrincipalArn=f"{provider}3")


def _changed(assertion: str, old: str, new: str) -> str:
    text = base64.b64decode(assertion).decode()
    assert old in text
    return base64.b64encode(text.replace(old, new).encode()).decode()


def test_what_was_changed_after_signing_or_wrapped_around_it_is_refused(
    assume: Assume, idp: SamlIdentityProvider, right: Response
) -> None:
    good = idp.signed(right)
    refused(assume, _changed(good, ">ada<", ">bob<"), "InvalidIdentityToken", "signature invalid")
    text = base64.b64decode(good).decode()
    signed = text[text.index("<Assertion") : text.index("</samlp:Response>")]
    forged = signed.replace(">ada<", ">bob<").replace('ID="_', 'ID="_forged-', 1)
    forged = (
        forged[: forged.index("<ds:Signature")] + forged[forged.index("</ds:Signature>") + len("</ds:Signature>") :]
    )
    for wrapped in (f"{forged}{signed}", f"{signed}{forged}", f"<samlp:Extensions>{signed}</samlp:Extensions>{forged}"):
        body = base64.b64encode(text.replace(signed, wrapped).encode()).decode()
        refused(assume, body, "InvalidIdentityToken")


@pytest.mark.parametrize(
    "text",
    [
        "no base64!",
        base64.b64encode(b"<a").decode(),
        base64.b64encode(b"<a/>").decode(),
        base64.b64encode(b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>').decode(),
    ],
)
def test_what_is_no_response_is_refused(assume: Assume, text: str) -> None:
    refused(assume, text, "InvalidIdentityToken")


@pytest.mark.parametrize(
    ("conditions", "attributes", "gets_in"),
    [
        ({"StringEquals": {"SAML:sub": "ada"}}, {}, True),
        ({"StringEquals": {"SAML:sub": "bo"}}, {}, False),
        ({"StringEquals": {"saml:sub_type": "persistent"}}, {}, True),
        ({"StringEquals": {"SAML:iss": ISSUER}}, {}, True),
        ({"StringLike": {"SAML:doc": "*/corp"}}, {}, True),
        ({"StringLike": {"SAML:namequalifier": "*="}}, {}, True),
        ({"StringEquals": {"sts:RoleSessionName": "ada@example.com"}}, {}, True),
        ({"StringEquals": {"sts:RoleSessionName": "bo"}}, {}, False),
        (
            {"ForAnyValue:StringEquals": {"SAML:eduPersonAffiliation": "staff"}},
            {"urn:oid:1.3.6.1.4.1.5923.1.1.1.1": ["staff", "member"]},
            True,
        ),
        (
            {"StringEquals": {"SAML:eduPersonAffiliation": "staff"}},
            {"urn:oid:1.3.6.1.4.1.5923.1.1.1.1": ["staff"]},
            True,
        ),
        ({"StringEquals": {"SAML:eduPersonAffiliation": "staff"}}, {"eduPersonAffiliation": ["staff"]}, False),
        ({"Null": {"aws:PrincipalArn": "true"}}, {}, True),
        ({"ArnLike": {"aws:FederatedProvider": "arn:aws:iam::*:saml-provider/corp"}}, {}, True),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, {}, True),
    ],
)
def test_what_an_assertion_says_is_a_condition_key(
    assume: Assume,
    idp: SamlIdentityProvider,
    right: Response,
    root: Aws,
    provider: str,
    conditions: dict[str, Any],
    attributes: dict[str, list[str]],
    gets_in: bool,
) -> None:
    document = json.loads(trust(provider))
    document["Statement"][0]["Condition"] = conditions
    root.iam.update_assume_role_policy(RoleName="staff", PolicyDocument=json.dumps(document))
    assertion = idp.signed(replace(right, attributes={**right.attributes, **attributes}))
    if gets_in:
        assert assume(assertion)["Credentials"]
    else:
        refused(assume, assertion, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML")


@pytest.mark.parametrize(
    ("own", "action"),
    [
        ({"PrincipalTag__team": ["red"]}, "sts:TagSession"),
        ({"PrincipalTag__team": ["red"], "TransitiveTagKeys": ["team"]}, "sts:TagSession"),
        ({"SourceIdentity": ["ada"]}, "sts:SetSourceIdentity"),
    ],
)
def test_tags_and_a_source_identity_need_a_permission_of_the_trust(
    assume: Assume, idp: SamlIdentityProvider, right: Response, root: Aws, provider: str, own: Any, action: str
) -> None:
    assertion = idp.signed(adding(right, **own))
    refused(assume, assertion, "AccessDenied", f"Not authorized to perform {action}")
    root.iam.update_assume_role_policy(RoleName="staff", PolicyDocument=trust(provider, action))
    assert assume(assertion)["Credentials"]


def test_a_session_has_the_tags_and_the_source_identity_of_its_assertion(
    assume: Assume, idp: SamlIdentityProvider, right: Response, root: Aws, provider: str
) -> None:
    conditions = {"StringEquals": {"aws:RequestTag/team": "red", "sts:SourceIdentity": "ada"}}
    conditions["StringEquals"]["SAML:aud"] = "https://signin.aws.amazon.com/saml"
    document = json.loads(trust(provider, "sts:TagSession", "sts:SetSourceIdentity"))
    document["Statement"][0]["Condition"] = conditions
    root.iam.update_assume_role_policy(RoleName="staff", PolicyDocument=json.dumps(document))
    may = {
        "Effect": "Allow",
        "Action": "iam:ListRoles",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": "red", "aws:SourceIdentity": "ada"}},
    }
    root.iam.put_role_policy(
        RoleName="staff", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [may]})
    )
    found = assume(idp.signed(adding(right, PrincipalTag__team=["red"], SourceIdentity=["ada"])))
    assert found["SourceIdentity"] == "ada"
    keys = found["Credentials"]
    session = Aws(
        root.endpoint, Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]), "us-east-1"
    )
    assert session.iam.list_roles()["Roles"]
    refused(assume, idp.signed(adding(right, PrincipalTag__team=["blue"], SourceIdentity=["ada"])), "AccessDenied")


def test_a_session_ends_with_that_of_the_identity_provider_and_is_no_longer_than_the_role_allows(
    assume: Assume, idp: SamlIdentityProvider, right: Response
) -> None:
    from datetime import UTC, datetime

    ends = assume(idp.signed(replace(right, session_ends=1000)))["Credentials"]["Expiration"]
    assert 890 < (ends - datetime.now(UTC)).total_seconds() <= 1001
    refused(assume, idp.signed(right), "ValidationError", "MaxSessionDuration", DurationSeconds=7200)
