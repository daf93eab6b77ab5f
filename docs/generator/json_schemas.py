"""JSON schemas of what the commands print with ``--json``: one file for each command, and a page that lists them.

A schema names every member. It is open: readers must ignore members that they do not know, as a later version may add
some. The tests validate with the same schemas closed, so that no member is printed that is not described here.

The events of a job are taken from their classes; those with members of their own are written out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args, get_origin, get_type_hints

from crossaccount.engine import events as engine_events
from crossaccount.job import events
from crossaccount.job.afterwards.verify import ClosureChecked, TestTried
from crossaccount.job.review.approval import Approved
from crossaccount.job.review.resources import ResourcePlanned

Schema = dict[str, Any]
DRAFT = "https://json-schema.org/draft/2020-12/schema"
STR: Schema = {"type": "string"}
INT: Schema = {"type": "integer", "minimum": 0}
BOOL: Schema = {"type": "boolean"}
STRINGS: Schema = {"type": "array", "items": STR}
ANY: Schema = {}
ARN: Schema = {
    "type": "string",
    "description": "An ARN, or a service's name, an organisation, a provider's subject or *.",
}


def ref(name: str) -> Schema:
    """A definition that several documents share."""
    return {"$ref": f"#/$defs/{name}"}


def many(items: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": items}


def optional(schema: Schema) -> Schema:
    """The same, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def by_name(values: Schema) -> Schema:
    """An object whose keys are names."""
    return {"type": "object", "additionalProperties": values}


def one_of(*values: str | None) -> Schema:
    """One of some words."""
    return {"enum": list(values)}


def members(required: Mapping[str, Schema], more: Mapping[str, Schema] | None = None) -> Schema:
    """An object: members that it always has, and those that it may have. It is closed where the tests close it."""
    return {"type": "object", "required": list(required), "properties": {**required, **(more or {})}, "closed": True}


OUTCOME = one_of("allowed", "denied", "undetermined")
REASON = one_of("explicit-deny", "scp", "rcp", "boundary", "no-grant", "no-trust", "condition", None)
MODE = one_of("tried", "judged")
SEVERITY = one_of("error", "warning")
VERDICT = one_of("broadening", "narrowing", "mixed", "neutral")
_FINDING = {"code": STR, "severity": SEVERITY, "where": STR, "message": STR, "fix": STR}
_ATOM = {
    "side": STR,
    "policy": STR,
    "statement": STR,
    "operator": STR,
    "key": STR,
    "values": STRINGS,
    "negated": BOOL,
}
_CHANGES = {
    "verdict": VERDICT,
    "changes": many(ref("change")),
    "reach": many(
        members(
            {
                "principal": ARN,
                "role": ARN,
                "via": STRINGS,
                "before": optional(ref("alternativesOfHops")),
                "after": optional(ref("alternativesOfHops")),
            }
        )
    ),
}
_RESULTS = {"results": many(ref("result")), "failed": INT}
_FILES = many(members({"file": STR, "kind": STR}))
_CHECK = {"findings": many(ref("finding")), "tests": members(_RESULTS), "quotas": many(ref("quota"))}
_CHECK_MORE = {
    "groups": many(members({**_FINDING, "count": INT, "accounts": STRINGS, "places": STRINGS})),
    "assumed": by_name(STRINGS),
    "everywhere": by_name(STRINGS),
    "moved": by_name(STR),
    "warnings": STRINGS,
    "proof": ref("proof"),
    "baseline": members(
        {"known": many(ref("finding")), "stale": many(members({"code": STR, "where": STR, "message": STR}))}
    ),
}
_PATHS = {"paths": many(ref("path")), "possible": many(ref("possible"))}
_CHAINS = {"chains": many(ref("way"))}
_REHEARSAL = {"scenario": STR, "engine": one_of("in-process", "pulumi"), **_RESULTS}

DEFINITIONS: Mapping[str, Schema] = {
    "finding": members(_FINDING),
    "decision": members({"side": STR, "policy": STR, "statement": STR}),
    "atom": members(_ATOM),
    "hop": members({**_ATOM, "hop": INT}, {"asked_by": INT}),
    "alternatives": {**many(many(ref("atom"))), "description": "An OR of ANDs; [[]] is unconditional."},
    "alternativesOfHops": {**many(many(ref("hop"))), "description": "An OR of ANDs; [[]] is unconditional."},
    "path": members(
        {
            "principal": ARN,
            "role": ARN,
            "alternatives": ref("alternatives"),
            "grants": many(members({"policy": STR, "statement": STR})),
            "trust": many(members({"statement": STR})),
        }
    ),
    "way": members(
        {
            "principal": ARN,
            "role": ARN,
            "via": STRINGS,
            "alternatives": ref("alternativesOfHops"),
            "session_seconds": INT,
            "lost": STRINGS,
            "kept": STRINGS,
            "more": INT,
        }
    ),
    "possible": members({"principal": ARN, "role": ARN, "assumes": STR}),
    "change": members(
        {
            "kind": one_of(
                "path-gained",
                "path-lost",
                "path-loosened",
                "path-tightened",
                "permission-gained",
                "permission-lost",
                "credential-gained",
                "credential-lost",
            ),
            "principal": optional(ARN),
            "role": optional(ARN),
            "before": optional(ref("alternatives")),
            "after": optional(ref("alternatives")),
            "actions": STRINGS,
            "resources": STRINGS,
            "access_level": optional(STR),
            "why": STR,
        },
        {"credential": STR, "assumes": BOOL},
    ),
    "result": members(
        {
            "name": STR,
            "principal": STR,
            "role": STR,
            "principal_arn": ARN,
            "role_arn": ARN,
            "context": by_name(ANY),
            "expected": one_of("allowed", "denied"),
            "actual": OUTCOME,
            "ok": BOOL,
            "reason": REASON,
            "decided_by": optional(ref("decision")),
            "mode": MODE,
            "then": many(
                members(
                    {
                        "action": STR,
                        "resource": STR,
                        "expected": one_of("allowed", "denied"),
                        "actual": OUTCOME,
                        "ok": BOOL,
                        "reason": REASON,
                        "mode": MODE,
                    },
                    {"message": STR},
                )
            ),
        },
        {"message": STR, "reach": BOOL, "via": STRINGS, "at": STR},
    ),
    "quota": members({"where": STR, "quota": STR, "used": INT, "limit": INT}),
    "proof": members(
        {
            "base": optional(STR),
            "commit": optional(STR),
            "weakened": many(members({"kind": STR, "where": STR, "what": STR, "before": ANY, "after": ANY})),
        }
    ),
}
EXPLANATION = members(
    {
        "principal": ARN,
        "role": ARN,
        "outcome": STR,
        "alternatives": ref("alternatives"),
        "grants": many(ref("decision")),
        "trust": many(ref("decision")),
        "changes": many(
            members(
                {
                    "kind": STR,
                    "what": STR,
                    "fix": STR,
                    "decided_by": optional(ref("decision")),
                    "config": optional(members({"file": STR, "path": STR, "lines": STRINGS})),
                }
            )
        ),
        "unknown": STRINGS,
        "actions": STRINGS,
        "chains": many(ref("way")),
        "lines": STRINGS,
    }
)
_ESCALATIONS = {
    "escalations": many(
        members(
            {
                "principal": ARN,
                "role": ARN,
                "steps": many(
                    members(
                        {
                            "principal": ARN,
                            "target": STR,
                            "action": STR,
                            "escalation": BOOL,
                            "alternatives": ref("alternatives"),
                        }
                    )
                ),
            }
        )
    )
}
DOCUMENTS: Mapping[str, tuple[str, Schema]] = {
    "paths": ("Every path, and every way through other roles.", members(_PATHS, {**_CHAINS, **_ESCALATIONS})),
    "who-can": (
        "The paths to one role; with `--why` the explanation for one principal.",
        {
            "anyOf": [
                members(
                    {**_PATHS, "services": many(members({"service": STR, "alternatives": ref("alternatives")}))},
                    {
                        **_CHAINS,
                        **_ESCALATIONS,
                    },
                ),
                EXPLANATION,
            ]
        },
    ),
    "what-can": (
        "What one principal can assume.",
        members(
            {
                **_PATHS,
                "grants_elsewhere": many(
                    members({"roles": STR, "alternatives": ref("alternatives"), "denied": STRINGS})
                ),
            },
            {**_CHAINS, **_ESCALATIONS},
        ),
    ),
    "diff": (
        "What a change does to access.",
        members(
            {**_CHANGES, "findings": many(ref("finding"))},
            {
                "not_compared": many(members({"source": STR, "key": STR, "what": STR, "users": INT})),
                "unknown": many(members({"where": STR, "what": STR, "fix": STR})),
            },
        ),
    ),
    "explain": (
        "Findings as in the catalogue.",
        members(
            {
                "findings": many(
                    members(
                        {
                            "code": STR,
                            "severity": SEVERITY,
                            "title": STR,
                            "why": STR,
                            "fix": STR,
                            "source": STR,
                            "example": members({"wrong": STR, "right": STR}),
                        }
                    )
                )
            }
        ),
    ),
    "check": ("Findings, access tests and quotas.", members(_CHECK, _CHECK_MORE)),
    "test": ("Access tests, judged.", members(_RESULTS)),
    "rehearse": ("Access tests, tried on a local AWS.", members(_REHEARSAL)),
    "demo": (
        "All rehearsals of the demo, its diff and its check.",
        members(
            {
                "rehearsals": many(members(_REHEARSAL)),
                "failed": INT,
                "diff": members(_CHANGES),
                "check": members(_CHECK, _CHECK_MORE),
            }
        ),
    ),
    "verify": (
        "Paths, tried in AWS.",
        members(
            {
                "results": many(
                    members(
                        {
                            "principal": ARN,
                            "role": ARN,
                            "outcome": one_of("works", "denied", "cannot judge"),
                            "said": STR,
                            "attempts": INT,
                        }
                    )
                ),
                "failed": INT,
            }
        ),
    ),
    "revoke": (
        "The policy that ends the sessions of a role, and whether it was put on the role.",
        members(
            {"role": ARN, "policy": STR, "before": STR, "document": STR, "command": STR, "revoked": BOOL},
        ),
    ),
    "handoff": (
        "What is handed over for each path, and what is left out.",
        members(
            {
                "kind": STR,
                "entries": many(
                    members(
                        {
                            "name": STR,
                            "principal": ARN,
                            "role": ARN,
                            "region": STR,
                            "session_name": STR,
                            "external_id": STR,
                            "source_identity": STR,
                            "tags": by_name(STR),
                            "duration": {"type": ["integer", "null"]},
                            "mfa": BOOL,
                            "conditions": STR,
                        }
                    )
                ),
                "left_out": many(members({"principal": ARN, "role": ARN, "why": STR})),
                "text": STR,
            }
        ),
    ),
    "report": (
        "The report in numbers, and the files that were written.",
        members(
            {"summary": by_name(INT), "files": STRINGS},
            {"decisions": members({"decided": INT, "open": INT, "changed": INT, "gone": INT})},
        ),
    ),
    "bootstrap": (
        "What a pipeline needs in each account.",
        members(
            {
                "accounts": many(
                    members(
                        {
                            "stack": STR,
                            "account": STR,
                            "account_id": STR,
                            "providers": many(members({"name": STR, "arn": STR, "url": STR, "audiences": STRINGS})),
                            "policies": STRINGS,
                            "roles": many(
                                members(
                                    {"arn": STR, "bootstrap": one_of("preview", "drift", "deploy"), "lets_in": STRINGS}
                                )
                            ),
                        }
                    )
                )
            }
        ),
    ),
    "doctor": (
        "What this machine has and lacks.",
        members(
            {
                "checks": many(members({"what": STR, "ok": BOOL, "needed": BOOL, "found": STR, "fix": STR})),
                "missing": INT,
            }
        ),
    ),
    "fleet-list": (
        "The accounts of a fleet.",
        members(
            {
                "accounts": many(
                    members(
                        {
                            "name": STR,
                            "id": STR,
                            "ou": STR,
                            "tags": by_name(STR),
                            "role_sets": STRINGS,
                            "exceptions": BOOL,
                            "region": optional(STR),
                        }
                    )
                )
            }
        ),
    ),
    "fleet-discover": (
        "What an organisation has that the file had not.",
        members({"file": STR, "accounts": INT, "changes": STRINGS, "written": BOOL}),
    ),
    "fleet-write": (
        "The files that were written, or would be.",
        members({"files": _FILES, "unchanged": INT, "left": STRINGS, "written": BOOL}),
    ),
    "fleet-check": (
        "Whether the files match fleet.yaml, and what check finds.",
        members({"files": _FILES, "left": STRINGS, **_CHECK}, {"accounts": STRINGS, **_CHECK_MORE}),
    ),
}
ERROR = members({"error": STR})
_OF_JOBS = ("preview", "up", "refresh", "drift", "destroy", "outputs", "status")
EVENTS = "events"
_CLASSES = (
    *(each for each in vars(events).values() if isinstance(each, type) and issubclass(each, events.Event)),
    engine_events.Message,
    engine_events.Retrying,
    ResourcePlanned,
    ClosureChecked,
    Approved,
)
_BASES = (events.Event, events.StackEvent)
_REMOVAL = members(
    {
        "stack": STR,
        "holder": STR,
        "what": STR,
        "name": STR,
        "documents": by_name(ANY),
        "broadens": BOOL,
        "incident": STR,
        "why": STR,
    }
)


def schema_of(command: str) -> str:
    """The name of the schema of a command (``fleet list``): a job's verbs share that of the events."""
    return EVENTS if command in _OF_JOBS else command.replace(" ", "-")


def documents() -> Mapping[str, Schema]:
    """Each schema by name, closed; :func:`opened` is what is published."""
    found = {
        name: {
            "$schema": DRAFT,
            "title": f"crossaccount {name.replace('fleet-', 'fleet ')} --json",
            "description": f"{about} If the command fails, the document has only `error`.",
            "anyOf": [schema, ERROR],
            "$defs": _used(schema),
        }
        for name, (about, schema) in DOCUMENTS.items()
    }
    return {**found, EVENTS: _events()}


def opened(schema: Any, *, closed: bool = False) -> Any:
    """The schema as JSON Schema has it: objects open to members that a later version adds, or ``closed``."""
    if isinstance(schema, list):
        return [opened(each, closed=closed) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: opened(value, closed=closed) for key, value in schema.items() if key != "closed"}
    if closed and schema.get("closed") is True:
        found["additionalProperties"] = False
    return found


def schema_files() -> Mapping[str, str]:
    """Every file of ``docs/reference/schemas``, by its name."""
    files = {
        f"{name}.schema.json": f"{json.dumps(opened(schema), indent=2, ensure_ascii=False)}\n"
        for name, schema in documents().items()
    }
    return {**files, "README.md": _page()}


def _page() -> str:
    rows = [
        f"| `{name.replace('fleet-', 'fleet ')}` | [{name}.schema.json]({name}.schema.json) | {about} |"
        for name, (about, _) in DOCUMENTS.items()
    ]
    verbs = ", ".join(f"`{each}`" for each in _OF_JOBS)
    rows.append(f"| {verbs} | [{EVENTS}.schema.json]({EVENTS}.schema.json) | One line of JSON for each event. |")
    return "\n".join(
        [
            "# JSON of the commands",
            "",
            "With `--json` a command prints one JSON document on stdout and nothing else; the verbs of the job print",
            "one line for each event. These are their JSON schemas (draft 2020-12). This page and the schemas are",
            "generated: `make generate`. Every JSON document that the tests of the commands print is validated.",
            "",
            "Members are never removed or changed in meaning without a new major version. A later version may add",
            "members, events and words: ignore what you do not know.",
            "",
            "| command | schema | is |",
            "| --- | --- | --- |",
            *rows,
            "",
        ]
    )


def _used(schema: Any) -> Schema:
    """The definitions that a schema refers to, also through others."""
    found: dict[str, Schema] = {}
    todo = [schema]
    while todo:
        for name in _references(todo.pop()):
            if name not in found:
                found[name] = DEFINITIONS[name]
                todo.append(DEFINITIONS[name])
    return {name: found[name] for name in sorted(found)}


def _references(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [name for each in schema for name in _references(each)]
    if not isinstance(schema, dict):
        return []
    own = [schema["$ref"].rpartition("/")[2]] if isinstance(schema.get("$ref"), str) else []
    return own + [name for value in schema.values() for name in _references(value)]


def _events() -> Schema:
    kinds = {each.__name__: _of_class(each) for each in _CLASSES if each not in _BASES}
    kinds["TestTried"] = _of_class(TestTried)
    review = {
        **_CHANGES,
        "stacks": STRINGS,
        "removals": many(_REMOVAL),
        "replaced": many(ref("finding")),
        "refused": by_name(STR),
        "before": by_name(STR),
        "warnings": STRINGS,
        "needs": STRINGS,
        "digest": STR,
    }
    kinds["AccessReviewed"] = _event("access-reviewed", review, {"verb": {"const": "destroy"}, "proof": ref("proof")})
    kinds["AccessDrift"] = _event("access-drift", {**_CHANGES, "unread": by_name(STR)}, {"control": STRINGS})
    schemas = [kinds[name] for name in sorted(kinds)]
    return {
        "$schema": DRAFT,
        "title": "One event of a job: a line of preview, up, refresh, drift, destroy, outputs or status --json",
        "description": "The last line of a job is job-finished. A command that fails before prints only `error`.",
        "anyOf": [*schemas, ERROR],
        "$defs": _used(schemas),
    }


def _of_class(kind: type[events.Event]) -> Schema:
    hints = get_type_hints(kind)
    own = {each.name: _of_type(hints[each.name]) for each in fields(kind) if each.name not in ("time", "stack")}
    has_stack = issubclass(kind, events.StackEvent)
    name = "".join(f"-{each.lower()}" if each.isupper() else each for each in kind.__name__).lstrip("-")
    # An event leaves out what is empty, but for what it always has.
    always = {key: own.pop(key) for key in kind.ALWAYS if key in own}
    return _event(name, {**({"stack": STR} if has_stack else {}), **always}, own)


def _event(name: str, required: Mapping[str, Schema], more: Mapping[str, Schema] | None = None) -> Schema:
    time = {"type": "string", "description": "UTC, ISO 8601."}
    return members({"time": time, "event": {"const": name}, **required}, more)


def _of_type(hint: Any) -> Schema:
    simple: Mapping[Any, Schema] = {str: STR, int: {"type": "integer"}, float: {"type": "number"}, bool: BOOL}
    if hint in simple:
        return simple[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is tuple:
        return many(_of_type(arguments[0]))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return by_name(_of_type(arguments[1]))
    if type(None) in arguments:
        return optional(_of_type(next(each for each in arguments if each is not type(None))))
    return ANY
