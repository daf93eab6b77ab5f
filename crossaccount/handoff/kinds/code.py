"""``boto3``, ``pulumi`` and ``terraform``: code that assumes a role, for each entry.

A Python module has a function for each entry, which returns a session of the role; where a policy names a bucket that
the role may write to, its example puts an object there. Providers of Pulumi (in Python) and of Terraform (formatted as
``terraform fmt`` would) hand no MFA on: start in a session that has it. Texts of a policy are strings in the code, and
nothing else.

Sources: https://registry.terraform.io/providers/hashicorp/aws/latest/docs ("Assuming an IAM Role") and
https://developer.hashicorp.com/terraform/language/expressions/strings (what a quoted string escapes)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from crossaccount.handoff.entry import (
    EXAMPLE_OBJECT,
    SESSION_WITH_MFA,
    Entry,
    HandedOut,
    mfa_note,
    not_handed_out,
    notes,
)
from crossaccount.iam.durations import duration_text

_HEAD = '''import boto3


def _session(arguments: dict, region: str | None, caller: boto3.session.Session | None) -> boto3.session.Session:
    """A session of the role. ``caller`` assumes it; default: the credentials of the environment."""
    sts = (caller or boto3.session.Session()).client("sts", region_name=region)
    credentials = sts.assume_role(**arguments)["Credentials"]
    return boto3.session.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=region,
    )
'''
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class _Code:
    """Code has an argument for every parameter."""

    def able(self, entry: Entry) -> Entry | str:
        """Every entry."""
        return entry


class Boto3(_Code):
    """A Python module."""

    def text(self, handed: HandedOut) -> str:
        """The module."""
        functions = ["\n".join(_boto3_function(entry)) + "\n" for entry in handed.entries]
        left = "".join(f"# {line}\n" for line in not_handed_out(handed))
        example = "\n".join(_boto3_example(handed.entries[0])) + "\n" if handed.entries else ""
        return "\n\n".join(filter(None, [_HEAD if functions else "", *functions, example, left]))


class PulumiCode(_Code):
    """A provider for each entry, in Python."""

    def text(self, handed: HandedOut) -> str:
        """The code."""
        blocks = ["\n".join(_pulumi_lines(entry)) + "\n" for entry in handed.entries]
        left = "".join(f"# {line}\n" for line in not_handed_out(handed))
        return "\n".join(filter(None, ["import pulumi_aws as aws\n" if blocks else "", *blocks, left]))


class Terraform(_Code):
    """A provider for each entry, in HCL."""

    def text(self, handed: HandedOut) -> str:
        """The blocks."""
        blocks = ["\n".join(_terraform_lines(entry)) + "\n" for entry in handed.entries]
        left = "".join(f"# {line}\n" for line in not_handed_out(handed))
        return "\n".join(filter(None, [*blocks, left]))


def _boto3_function(entry: Entry) -> Iterator[str]:
    code = ", token_code: str" if entry.parameters.mfa else ""
    caller = "caller: boto3.session.Session | None = None"
    yield from (f"# {note}" for note in notes(entry, mfa_note(entry)))
    yield f"def {entry.identifier}({caller}{', *' + code if code else ''}) -> boto3.session.Session:"
    yield "    arguments = {"
    for key, value in _boto3_arguments(entry):
        yield f"        {literal(key)}: {literal(value)},"
    if code:
        yield '        "TokenCode": token_code,'
    yield "    }"
    yield f"    return _session(arguments, {literal(entry.region or None)}, caller)"


def _boto3_arguments(entry: Entry) -> Iterator[tuple[str, object]]:
    parameters = entry.parameters
    yield "RoleArn", entry.role
    yield "RoleSessionName", parameters.session_name
    if parameters.external_id:
        yield "ExternalId", parameters.external_id
    if parameters.source_identity:
        yield "SourceIdentity", parameters.source_identity
    if parameters.duration:
        yield "DurationSeconds", parameters.duration
    if parameters.tags:
        yield "Tags", [{"Key": key, "Value": value} for key, value in parameters.tags.items()]
    if parameters.mfa:
        yield "SerialNumber", entry.mfa.serial


def _boto3_example(entry: Entry) -> Iterator[str]:
    code = 'token_code=input("MFA code: ")' if entry.parameters.mfa else ""
    yield 'if __name__ == "__main__":'
    yield f"    session = {entry.identifier}({code})"
    if entry.bucket:
        where = f"Bucket={literal(entry.bucket)}, Key={literal(EXAMPLE_OBJECT)}"
        yield f'    session.client("s3").put_object({where}, Body=b"hello")'
    else:
        yield '    print(session.client("sts").get_caller_identity()["Arn"])'


def _pulumi_lines(entry: Entry) -> Iterator[str]:
    parameters = entry.parameters
    yield from (f"# {note}" for note in notes(entry, SESSION_WITH_MFA if parameters.mfa else ""))
    yield f"{entry.identifier} = aws.Provider("
    yield f"    {literal(entry.name)},"
    if entry.region:
        yield f"    region={literal(entry.region)},"
    yield "    assume_roles=["
    yield "        aws.ProviderAssumeRoleArgs("
    yield f"            role_arn={literal(entry.role)},"
    yield f"            session_name={literal(parameters.session_name)},"
    if parameters.external_id:
        yield f"            external_id={literal(parameters.external_id)},"
    if parameters.source_identity:
        yield f"            source_identity={literal(parameters.source_identity)},"
    if parameters.duration:
        yield f"            duration={literal(duration_text(parameters.duration))},"
    if parameters.tags:
        yield f"            tags={literal(dict(parameters.tags))},"
    yield "        )"
    yield "    ],"
    yield ")"


def _terraform_lines(entry: Entry) -> Iterator[str]:
    parameters = entry.parameters
    yield from (f"# {note}" for note in notes(entry, SESSION_WITH_MFA if parameters.mfa else ""))
    yield 'provider "aws" {'
    outer = [("alias", hcl_string(entry.identifier))] + ([("region", hcl_string(entry.region))] if entry.region else [])
    yield from _aligned(outer, "  ")
    yield ""
    yield "  assume_role {"
    yield from _aligned(_terraform_arguments(entry), "    ")
    if parameters.tags:
        yield ""
        yield "    tags = {"
        yield from _aligned([(hcl_string(key), hcl_string(value)) for key, value in parameters.tags.items()], "      ")
        yield "    }"
    yield "  }"
    yield "}"


def _terraform_arguments(entry: Entry) -> list[tuple[str, str]]:
    parameters = entry.parameters
    found = {
        "role_arn": entry.role,
        "session_name": parameters.session_name,
        "external_id": parameters.external_id,
        "source_identity": parameters.source_identity,
        "duration": duration_text(parameters.duration) if parameters.duration else "",
    }
    return [(key, hcl_string(value)) for key, value in found.items() if value]


def _aligned(pairs: Sequence[tuple[str, str]], indent: str) -> Iterator[str]:
    width = max(len(key) for key, _ in pairs)
    yield from (f"{indent}{key:<{width}} = {value}" for key, value in pairs)


def hcl_string(value: str) -> str:
    """A string of HCL in which nothing is a template."""
    escaped = "".join(_ESCAPES.get(each, each if each.isprintable() else _escape(each)) for each in value)
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


def _escape(character: str) -> str:
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"


def literal(value: object) -> str:
    """``value`` (texts, numbers, None, lists and mappings of them) in double quotes, as a formatter would have it."""
    if value is None:
        return "None"
    # JSON writes what is beyond 16 bits as two halves, which Python would not put together again.
    return json.dumps(value) if max(str(value), default="") < "\U00010000" else ascii(value)


BOTO3, PULUMI, TERRAFORM = Boto3(), PulumiCode(), Terraform()
