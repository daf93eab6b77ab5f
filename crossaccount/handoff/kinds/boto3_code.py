"""``boto3``: a Python module with a function for each entry, which returns a session of the role.

Where a policy names a bucket that the role may write to, the example puts an object there.
"""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.handoff.buckets import OBJECT
from crossaccount.handoff.entry import Entry, HandedOut
from crossaccount.handoff.kinds.python_text import literal
from crossaccount.handoff.words import mfa_note, not_handed_out, notes

_HEAD = '''import boto3


def _session(arguments: dict, region: str | None, caller: boto3.session.Session | None) -> boto3.session.Session:
    """A session of the role; ``caller`` is who asks, by default who the environment says."""
    sts = (caller or boto3.session.Session()).client("sts", region_name=region)
    credentials = sts.assume_role(**arguments)["Credentials"]
    return boto3.session.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=region,
    )
'''


def able(entry: Entry) -> Entry | str:
    """Every entry: ``assume_role`` has an argument for all that can be asked."""
    return entry


def text(handed: HandedOut) -> str:
    """The module."""
    functions = ["\n".join(_function(entry)) + "\n" for entry in handed.entries]
    left = "".join(f"# {line}\n" for line in not_handed_out(handed))
    example = "\n".join(_example(handed.entries[0])) + "\n" if handed.entries else ""
    return "\n\n".join(filter(None, [_HEAD if functions else "", *functions, example, left]))


def _function(entry: Entry) -> Iterator[str]:
    code = ", token_code: str" if entry.asking.mfa else ""
    caller = "caller: boto3.session.Session | None = None"
    yield from (f"# {note}" for note in notes(entry, mfa_note(entry)))
    yield f"def {entry.identifier}({caller}{', *' + code if code else ''}) -> boto3.session.Session:"
    yield "    arguments = {"
    for key, value in _arguments(entry):
        yield f"        {literal(key)}: {literal(value)},"
    if code:
        yield '        "TokenCode": token_code,'
    yield "    }"
    yield f"    return _session(arguments, {literal(entry.region or None)}, caller)"


def _arguments(entry: Entry) -> Iterator[tuple[str, object]]:
    asking = entry.asking
    yield "RoleArn", entry.role
    yield "RoleSessionName", asking.session_name
    if asking.external_id:
        yield "ExternalId", asking.external_id
    if asking.source_identity:
        yield "SourceIdentity", asking.source_identity
    if asking.duration:
        yield "DurationSeconds", asking.duration
    if asking.tags:
        yield "Tags", [{"Key": key, "Value": value} for key, value in asking.tags.items()]
    if asking.mfa:
        yield "SerialNumber", entry.mfa.serial


def _example(entry: Entry) -> Iterator[str]:
    code = 'token_code=input("MFA code: ")' if entry.asking.mfa else ""
    yield 'if __name__ == "__main__":'
    yield f"    session = {entry.identifier}({code})"
    if entry.bucket:
        where = f"Bucket={literal(entry.bucket)}, Key={literal(OBJECT)}"
        yield f'    session.client("s3").put_object({where}, Body=b"hello")'
    else:
        yield '    print(session.client("sts").get_caller_identity()["Arn"])'
