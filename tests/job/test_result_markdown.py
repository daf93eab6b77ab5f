"""A preview as Markdown for a pull request."""

from __future__ import annotations

from crossaccount.access.access_tests.weakened import Weakened
from crossaccount.access.diff import AccessDiff, Change
from crossaccount.access.findings.finding import Finding
from crossaccount.engine.deployment import Resource
from crossaccount.engine.work import Change as ResourceChange
from crossaccount.engine.work import Outcome
from crossaccount.job.result_markdown import MOST_CHARACTERS, preview_markdown
from crossaccount.job.review import HandMade, Review
from crossaccount.job.review.review import review_lines
from crossaccount.job.running.result import JobResult
from crossaccount.sources.proof import Proof

BO, ROLE = "arn:aws:iam::111111111111:user/bo", "arn:aws:iam::222222222222:role/R"
NAMES = {"auth": "111111111111", "workload": "222222222222"}
ROLE_TYPE = "aws:iam/role:Role"


def change(name: str) -> ResourceChange:
    return ResourceChange("create", "urn", ROLE_TYPE, name, None, Resource("urn", ROLE_TYPE, name, {}, {}, ""))


def test_everything_that_a_reviewer_has_to_see() -> None:
    review = Review(
        ("auth", "workload"),
        AccessDiff.of([Change("path-gained", BO, ROLE, after=((),), why="the role is new")]),
        (HandMade("workload", ROLE, "inline policy", "AWSRevokeOlderSessions", {"x": {"a": "```"}}, "x denies *"),),
        (Finding("XA502", "error", ROLE, "is replaced, and the trust is pinned", "save it again"),),
        {"auth": "live"},
        ("auth: cannot | be read",),
        {"workload": "the credentials are of another account"},
        names=NAMES,
    )
    outcomes = {
        "workload": Outcome("workload", "failed", error="no|thing"),
        "auth": Outcome("auth", "changed", counts={"create": 1, "same": 3}, changes=(change("r"),)),
        "other": Outcome("other", "unchanged"),
    }
    assert preview_markdown(JobResult("preview", "failed", outcomes, review=review)) == (
        f"""### Access

This change is **broadening**: somebody can do more than before.

```diff
+ auth/user/bo → workload/role/R, broadening: the role is new
```

> [!IMPORTANT]
> It broadens access: `up --approve broadening`, or approve it at the terminal.

> [!IMPORTANT]
> It replaces users or roles: `up --approve replacement`, or approve it at the terminal.

Digest of this review: `{review.digest}`. `up --reviewed DIGEST` applies this and nothing else.

- warning: auth: cannot \\| be read
- **workload** is left alone: the credentials are of another account

### Replaced

- `workload/role/R` is replaced, and the trust is pinned (XA502); save it again

### Manual changes by others that this update removes

```
! workload/role/R: removes the inline policy AWSRevokeOlderSessions that somebody made by hand """
        """(incident response: somebody revoked the role's sessions); a broadening: x denies *
    x: {"a": "'''"}
```

### Stacks

| stack |  | resources |
| --- | --- | --- |
| workload | failed: no\\|thing |  |
| auth | changed | 1 create |

1 unchanged.

<details><summary>Resources</summary>

```
auth: + Role r
```

</details>
"""
    )


def test_a_fleet_fits_a_comment() -> None:
    changes = [Change("path-gained", f"{BO}{number:05}", ROLE, after=((),), why="x" * 500) for number in range(200)]
    outcomes = {
        f"s{number:04}": Outcome(f"s{number:04}", "changed", counts={"create": 9}, changes=(change("r"),) * 9)
        for number in range(1000)
    }
    review = Review(tuple(outcomes), AccessDiff.of(changes), names=NAMES)
    text = preview_markdown(JobResult("preview", "succeeded", outcomes, review=review))
    assert len(text.encode()) <= MOST_CHARACTERS
    assert "(and 199 alike: " in text, "nothing that broadens is cut"
    assert text.count("```") % 2 == 0


def test_of_what_is_unchanged_only_the_number_is_reported() -> None:
    outcomes = {f"s{number}": Outcome(f"s{number}", "unchanged") for number in range(1000)}
    text = preview_markdown(JobResult("preview", "succeeded", outcomes, review=Review(tuple(outcomes))))
    assert text.endswith("### Stacks\n\n1000 unchanged.\n")


def test_a_weaker_proof_and_one_that_was_not_compared() -> None:
    gone = Weakened("test-removed", "access-tests.yaml: bo is kept out", "the test is gone")
    weaker = Review(("auth",), proof=Proof("main", "c0ffee", (gone,)))
    found = preview_markdown(JobResult("preview", "succeeded", review=weaker))
    assert "### Proof weakened since `main`\n\n- `access-tests.yaml: bo is kept out`: the test is gone\n" in found
    assert weaker.to_json()["proof"]["weakened"][0]["kind"] == "test-removed"
    assert weaker.digest == Review(("auth",)).digest, "an update has no base, and applies the same review"
    not_compared = Review(("auth",), proof=Proof())
    assert "\nThe access tests were not compared with another revision: --base REF.\n" in preview_markdown(
        JobResult("preview", "succeeded", review=not_compared)
    )
    assert review_lines(not_compared)[0] == "the access tests were not compared with another revision: --base REF"
