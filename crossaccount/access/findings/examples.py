"""An example of each kind of finding: a config or policy that has it, and the corrected form.

The entities of an account are written by name: ``222222222222/role/Deploy trust policy`` holds the statements of that
policy, ``222222222222/OpenIDConnectProviderList`` the providers as AWS lists them. An example that starts with the name
of a file is a part of a stack's config. A test judges every one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """Two texts in YAML: one that raises the finding, and the same without it."""

    wrong: str
    right: str


EXAMPLES: Mapping[str, Example] = {
    "XA101": Example(
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:role/ci"}
    Action: "sts:AssumeRole"
    Condition: {Bool: {"aws:MultiFactorAuthPresent": "true"}}
""",
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:role/ci"}
    Action: "sts:AssumeRole"
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:user/ann"}
    Action: "sts:AssumeRole"
    Condition: {Bool: {"aws:MultiFactorAuthPresent": "true"}}
""",
    ),
    "XA102": Example(
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
    Condition: {BoolIfExists: {"aws:MultiFactorAuthPresent": "true"}}
""",
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
    Condition: {Bool: {"aws:MultiFactorAuthPresent": "true"}}
""",
    ),
    "XA103": Example(
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
    Condition: {Bool: {"aws:MultiFactorAuthPresent": "true"}}
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:user/ann"}
    Action: "sts:AssumeRole"
""",
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
    Condition: {Bool: {"aws:MultiFactorAuthPresent": "true"}}
""",
    ),
    "XA104": Example(
        """\
111111111111/group/staff inline policy p:
  - Effect: Deny
    Action: "*"
    Resource: "*"
    Condition: {Bool: {"aws:MultiFactorAuthPresent": "false"}}
""",
        """\
111111111111/group/staff inline policy p:
  - Effect: Deny
    Action: "*"
    Resource: "*"
    Condition: {BoolIfExists: {"aws:MultiFactorAuthPresent": "false"}}
""",
    ),
    "XA105": Example(
        """\
222222222222/role/Deploy trust policy:
  - {Effect: Allow, Principal: {AWS: "*"}, Action: "sts:AssumeRole"}
""",
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "*"}
    Action: "sts:AssumeRole"
    Condition: {StringEquals: {"aws:PrincipalOrgID": o-abcdefghij}}
""",
    ),
    "XA106": Example(
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "333333333333"}
    Action: "sts:AssumeRole"
    Condition:
      StringEquals: {"sts:ExternalId": 5a1c7b1e-30f3-4b43-9f8c-0d0c3f0a3f10}
""",
        """\
# accounts.yaml, or crossaccount:accounts
vendor: {id: "333333333333"}

222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "333333333333"}
    Action: "sts:AssumeRole"
    Condition:
      StringEquals: {"sts:ExternalId": 5a1c7b1e-30f3-4b43-9f8c-0d0c3f0a3f10}
""",
    ),
    "XA107": Example(
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "333333333333"}
    Action: "sts:AssumeRole"
""",
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "333333333333"}
    Action: "sts:AssumeRole"
    Condition:
      StringEquals: {"sts:ExternalId": 5a1c7b1e-30f3-4b43-9f8c-0d0c3f0a3f10}
""",
    ),
    "XA108": Example(
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "333333333333"}
    Action: "sts:AssumeRole"
    Condition: {StringEquals: {"sts:ExternalId": my-external-id}}
""",
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "333333333333"}
    Action: "sts:AssumeRole"
    Condition:
      StringEquals: {"sts:ExternalId": 5a1c7b1e-30f3-4b43-9f8c-0d0c3f0a3f10}
""",
    ),
    "XA109": Example(
        """\
222222222222/role/Metrics trust policy:
  - Effect: Allow
    Principal: {AWS: "333333333333"}
    Action: "sts:AssumeRole"
    Condition:
      StringEquals: {"sts:ExternalId": 5a1c7b1e-30f3-4b43-9f8c-0d0c3f0a3f10}
222222222222/role/Backup trust policy:
  - Effect: Allow
    Principal: {AWS: "444444444444"}
    Action: "sts:AssumeRole"
    Condition:
      StringEquals: {"sts:ExternalId": 5a1c7b1e-30f3-4b43-9f8c-0d0c3f0a3f10}
""",
        """\
222222222222/role/Metrics trust policy:
  - Effect: Allow
    Principal: {AWS: "333333333333"}
    Action: "sts:AssumeRole"
    Condition:
      StringEquals: {"sts:ExternalId": 5a1c7b1e-30f3-4b43-9f8c-0d0c3f0a3f10}
222222222222/role/Backup trust policy:
  - Effect: Allow
    Principal: {AWS: "444444444444"}
    Action: "sts:AssumeRole"
    Condition:
      StringEquals: {"sts:ExternalId": c1d8a1e4-7a55-4f3e-9a07-6a2f7d1b8e60}
""",
    ),
    "XA110": Example(
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {Service: scheduler.amazonaws.com}
    Action: "sts:AssumeRole"
""",
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {Service: scheduler.amazonaws.com}
    Action: "sts:AssumeRole"
    Condition: {StringEquals: {"aws:SourceAccount": "222222222222"}}
""",
    ),
    "XA111": Example(
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal:
      Federated: "arn:aws:iam::222222222222:oidc-provider/gitlab.com"
    Action: "sts:AssumeRoleWithWebIdentity"
    Condition: {StringEquals: {"gitlab.com:aud": "https://gitlab.com"}}
""",
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal:
      Federated: "arn:aws:iam::222222222222:oidc-provider/gitlab.com"
    Action: "sts:AssumeRoleWithWebIdentity"
    Condition:
      StringEquals:
        "gitlab.com:aud": "https://gitlab.com"
        "gitlab.com:sub": "project_path:example/app:ref_type:branch:ref:main"
""",
    ),
    "XA112": Example(
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal:
      Federated: "arn:aws:iam::222222222222:oidc-provider/gitlab.com"
    Action: "sts:AssumeRoleWithWebIdentity"
    Condition: {StringLike: {"gitlab.com:sub": "project_path:example/*"}}
""",
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal:
      Federated: "arn:aws:iam::222222222222:oidc-provider/gitlab.com"
    Action: "sts:AssumeRoleWithWebIdentity"
    Condition:
      StringEquals:
        "gitlab.com:sub": "project_path:example/app:ref_type:branch:ref:main"
""",
    ),
    "XA113": Example(
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: AROAEXAMPLEID12345678}
    Action: "sts:AssumeRole"
""",
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:role/ci"}
    Action: "sts:AssumeRole"
""",
    ),
    "XA114": Example(
        """\
111111111111/user/ann inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: ["sts:AssumeRole", "sts:TagSession"]
""",
        """\
111111111111/user/ann inline policy p:
  - Effect: Allow
    Action: ["sts:AssumeRole", "sts:TagSession"]
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: ["sts:AssumeRole", "sts:TagSession"]
""",
    ),
    "XA115": Example(
        """\
222222222222/role/Deploy inline policy p:
  - Effect: Allow
    Action: "s3:DeleteObject"
    Resource: "*"
    Condition: {Bool: {"aws:MultiFactorAuthPresent": "true"}}
""",
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
    Condition: {Bool: {"aws:MultiFactorAuthPresent": "true"}}
222222222222/role/Deploy inline policy p:
  - {Effect: Allow, Action: "s3:DeleteObject", Resource: "*"}
""",
    ),
    "XA116": Example(
        """\
111111111111/user/ann inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::111111111111:role/tooling"
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
111111111111/role/tooling trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:user/ann"}
    Action: "sts:AssumeRole"
111111111111/role/tooling inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:user/ann"}
    Action: "sts:AssumeRole"
    Condition: {Bool: {"aws:MultiFactorAuthPresent": "true"}}
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:role/tooling"}
    Action: "sts:AssumeRole"
""",
        """\
111111111111/user/ann inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::111111111111:role/tooling"
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
111111111111/role/tooling trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:user/ann"}
    Action: "sts:AssumeRole"
    Condition: {Bool: {"aws:MultiFactorAuthPresent": "true"}}
111111111111/role/tooling inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:user/ann"}
    Action: "sts:AssumeRole"
    Condition: {Bool: {"aws:MultiFactorAuthPresent": "true"}}
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:role/tooling"}
    Action: "sts:AssumeRole"
""",
    ),
    "XA117": Example(
        """\
111111111111/user/ann inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::111111111111:role/tooling"
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
111111111111/role/tooling trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:user/ann"}
    Action: "sts:AssumeRole"
111111111111/role/tooling inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:user/ann"}
    Action: "sts:AssumeRole"
    Condition:
      StringEquals: {"sts:ExternalId": 5a1c7b1e-30f3-4b43-9f8c-0d0c3f0a3f10}
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:role/tooling"}
    Action: "sts:AssumeRole"
""",
        """\
111111111111/user/ann inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::111111111111:role/tooling"
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
111111111111/role/tooling trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:user/ann"}
    Action: "sts:AssumeRole"
    Condition:
      StringEquals: {"sts:ExternalId": 5a1c7b1e-30f3-4b43-9f8c-0d0c3f0a3f10}
111111111111/role/tooling inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:user/ann"}
    Action: "sts:AssumeRole"
    Condition:
      StringEquals: {"sts:ExternalId": 5a1c7b1e-30f3-4b43-9f8c-0d0c3f0a3f10}
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:role/tooling"}
    Action: "sts:AssumeRole"
""",
    ),
    "XA118": Example(
        """\
222222222222/role/Partner trust policy:
  - Effect: Allow
    Principal: {AWS: "333333333333"}
    Action: "sts:AssumeRole"
    Condition:
      StringEquals: {"sts:ExternalId": 5a1c7b1e-30f3-4b43-9f8c-0d0c3f0a3f10}
222222222222/role/Partner inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::222222222222:role/Partner"}
    Action: "sts:AssumeRole"
""",
        """\
222222222222/role/Partner trust policy:
  - Effect: Allow
    Principal: {AWS: "333333333333"}
    Action: "sts:AssumeRole"
    Condition:
      StringEquals: {"sts:ExternalId": 5a1c7b1e-30f3-4b43-9f8c-0d0c3f0a3f10}
222222222222/role/Partner inline policy p:
  - Effect: Allow
    Action: "s3:GetObject"
    Resource: "arn:aws:s3:::for-the-partner/*"
""",
    ),
    "XA119": Example(
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal:
      Federated:
        arn:aws:iam::222222222222:oidc-provider/token.actions.ac.ghe.com
    Action: "sts:AssumeRoleWithWebIdentity"
    Condition:
      StringEquals:
        "token.actions.ac.ghe.com:sub": "repo:example/app:ref:refs/heads/main"
""",
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal:
      Federated:
        arn:aws:iam::222222222222:oidc-provider/token.actions.ac.ghe.com
    Action: "sts:AssumeRoleWithWebIdentity"
    Condition:
      StringEquals:
        "token.actions.ac.ghe.com:sub":
          - "repo:example/app:ref:refs/heads/main"
          - "repo:example@123456/app@456789:ref:refs/heads/main"
""",
    ),
    "XA120": Example(
        """\
222222222222/OpenIDConnectProviderList:
  - Arn: arn:aws:iam::222222222222:oidc-provider/gitlab.com
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal:
      Federated: arn:aws:iam::222222222222:oidc-provider/gitlab.example.com
    Action: "sts:AssumeRoleWithWebIdentity"
    Condition:
      StringEquals:
        "gitlab.example.com:sub":
          project_path:example/app:ref_type:branch:ref:main
""",
        """\
222222222222/OpenIDConnectProviderList:
  - Arn: arn:aws:iam::222222222222:oidc-provider/gitlab.com
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal:
      Federated: arn:aws:iam::222222222222:oidc-provider/gitlab.com
    Action: "sts:AssumeRoleWithWebIdentity"
    Condition:
      StringEquals:
        "gitlab.com:sub": project_path:example/app:ref_type:branch:ref:main
""",
    ),
    "XA121": Example(
        """\
222222222222/OpenIDConnectProviderList:
  - Arn: arn:aws:iam::222222222222:oidc-provider/gitlab.com
    ClientIDList: ["https://gitlab.com"]
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal:
      Federated: arn:aws:iam::222222222222:oidc-provider/gitlab.com
    Action: "sts:AssumeRoleWithWebIdentity"
    Condition:
      StringEquals:
        "gitlab.com:aud": sts.amazonaws.com
        "gitlab.com:sub": project_path:example/app:ref_type:branch:ref:main
""",
        """\
222222222222/OpenIDConnectProviderList:
  - Arn: arn:aws:iam::222222222222:oidc-provider/gitlab.com
    ClientIDList: ["https://gitlab.com"]
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal:
      Federated: arn:aws:iam::222222222222:oidc-provider/gitlab.com
    Action: "sts:AssumeRoleWithWebIdentity"
    Condition:
      StringEquals:
        "gitlab.com:aud": https://gitlab.com
        "gitlab.com:sub": project_path:example/app:ref_type:branch:ref:main
""",
    ),
    "XA201": Example(
        """\
111111111111/user/ann inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deplyo"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
""",
        """\
111111111111/user/ann inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
""",
    ),
    "XA202": Example(
        """\
111111111111/user/ann inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:role/ci"}
    Action: "sts:AssumeRole"
""",
        """\
111111111111/user/ann inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:user/ann"}
    Action: "sts:AssumeRole"
""",
    ),
    "XA203": Example(
        """\
111111111111/user/ann inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
  - {Effect: Deny, Action: "sts:*", Resource: "*"}
111111111111/user/bob inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
""",
        """\
111111111111/user/ann inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
111111111111/user/bob inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
""",
    ),
    "XA204": Example(
        """\
111111111111/user/ann inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:user/ann"}
    Action: "sts:AssumeRole"
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:user/bob"}
    Action: "sts:AssumeRole"
""",
        """\
111111111111/user/ann inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:user/ann"}
    Action: "sts:AssumeRole"
""",
    ),
    "XA205": Example(
        """\
111111111111/user/ann inline policy p:
  - {Effect: Allow, Action: "s3:GetObject", Resource: "*"}
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:user/ann"}
    Action: "sts:AssumeRole"
""",
        """\
111111111111/user/ann inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:user/ann"}
    Action: "sts:AssumeRole"
""",
    ),
    "XA206": Example(
        """\
222222222222/role/Deploy MaxSessionDuration: 28800
111111111111/role/ci inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:role/ci"}
    Action: "sts:AssumeRole"
""",
        """\
222222222222/role/Deploy MaxSessionDuration: 3600
111111111111/role/ci inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:role/ci"}
    Action: "sts:AssumeRole"
""",
    ),
    "XA207": Example(
        """\
111111111111/role/ci trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::222222222222:role/Deploy"}
    Action: "sts:AssumeRole"
111111111111/role/ci inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:role/ci"}
    Action: "sts:AssumeRole"
222222222222/role/Deploy inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::111111111111:role/ci"
""",
        """\
111111111111/role/ci trust policy:
  - Effect: Allow
    Principal: {Service: ec2.amazonaws.com}
    Action: "sts:AssumeRole"
111111111111/role/ci inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:role/ci"}
    Action: "sts:AssumeRole"
""",
    ),
    "XA208": Example(
        """\
222222222222/user/ann inline policy p:
  - Effect: Allow
    Action: "iam:UpdateAssumeRolePolicy"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
""",
        """\
222222222222/user/ann inline policy p:
  - Effect: Allow
    Action: "iam:GetRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
""",
    ),
    "XA209": Example(
        """\
111111111111/user/ann inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Deploy"
  - Effect: Deny
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Admin"
111111111111/user/bob inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Admin"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
222222222222/role/Admin trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
""",
        """\
111111111111/user/ann inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/*"
  - Effect: Deny
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Admin"
111111111111/user/bob inline policy p:
  - Effect: Allow
    Action: "sts:AssumeRole"
    Resource: "arn:aws:iam::222222222222:role/Admin"
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
222222222222/role/Admin trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
""",
    ),
    "XA210": Example(
        """\
222222222222/role/Deploy trust policy:
  - Effect: Deny
    Principal: {AWS: "arn:aws:iam::111111111111:user/ann"}
    Action: "sts:AssumeRole"
""",
        """\
222222222222/role/Deploy trust policy:
  - Effect: Deny
    Principal: {AWS: "arn:aws:iam::111111111111:user/ann"}
    Action: "sts:AssumeRole"
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
""",
    ),
    "XA301": Example(
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
    Resource: "*"
""",
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
""",
    ),
    "XA302": Example(
        """\
111111111111/group/staff inline policy p:
  Version: "2008-10-17"
  Statement:
    - Effect: Allow
      Action: "iam:ChangePassword"
      Resource: "arn:aws:iam::111111111111:user/${aws:username}"
""",
        """\
111111111111/group/staff inline policy p:
  Version: "2012-10-17"
  Statement:
    - Effect: Allow
      Action: "iam:ChangePassword"
      Resource: "arn:aws:iam::111111111111:user/${aws:username}"
""",
    ),
    "XA303": Example(
        """\
222222222222/role/Deploy inline policy p:
  - {Effect: Allow, Action: "s3:ListBuckets", Resource: "*"}
""",
        """\
222222222222/role/Deploy inline policy p:
  - {Effect: Allow, Action: "s3:ListAllMyBuckets", Resource: "*"}
""",
    ),
    "XA304": Example(
        """\
222222222222/role/Deploy inline policy p:
  - Effect: Allow
    Action: "s3:ListBucket"
    Resource: "arn:aws:s3:::artifacts/*"
""",
        """\
222222222222/role/Deploy inline policy p:
  - Effect: Allow
    Action: "s3:ListBucket"
    Resource: "arn:aws:s3:::artifacts"
""",
    ),
    "XA305": Example(
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
    Condition: {Bool: {"aws:MultiFactorAuthPresnt": "true"}}
""",
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
    Condition: {Bool: {"aws:MultiFactorAuthPresent": "true"}}
""",
    ),
    "XA306": Example(
        """\
222222222222/role/Deploy inline policy p:
  - {Effect: Allow, Action: "*", Resource: "*"}
""",
        """\
222222222222/role/Deploy inline policy p:
  - {Effect: Allow, Action: ["s3:*", "lambda:*"], Resource: "*"}
""",
    ),
    "XA307": Example(
        """\
222222222222/role/Deploy inline policy p:
  - {Effect: Allow, Action: "iam:PassRole", Resource: "*"}
""",
        """\
222222222222/role/Deploy inline policy p:
  - Effect: Allow
    Action: "iam:PassRole"
    Resource: "arn:aws:iam::222222222222:role/functions/*"
    Condition: {StringEquals: {"iam:PassedToService": lambda.amazonaws.com}}
""",
    ),
    "XA308": Example(
        """\
111111111111/user/ann inline policy deploy:
  - {Effect: Allow, Action: "s3:GetObject", Resource: "*"}
111111111111/user/ann inline policy Deploy:
  - {Effect: Allow, Action: "s3:GetObject", Resource: "*"}
""",
        """\
111111111111/user/ann inline policy deploy:
  - {Effect: Allow, Action: "s3:GetObject", Resource: "*"}
111111111111/user/ann inline policy read:
  - {Effect: Allow, Action: "s3:GetObject", Resource: "*"}
""",
    ),
    "XA309": Example(
        """\
222222222222/role/Deploy Path: /a-very-long-name-of-a-team-that-has-many-roles/environments/
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
""",
        """\
222222222222/role/Deploy Path: /team/
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
""",
    ),
    "XA310": Example(
        """\
# Pulumi.workload.yaml
config:
  aws:region: us-west-11
""",
        """\
# Pulumi.workload.yaml
config:
  aws:region: us-west-1
""",
    ),
    "XA311": Example(
        """\
222222222222/role/Deploy trust policy:
  - Effect: Deny
    NotPrincipal: {AWS: "arn:aws:iam::111111111111:user/ann"}
    Action: "sts:AssumeRole"
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
""",
        """\
222222222222/role/Deploy trust policy:
  - Effect: Deny
    Principal: {AWS: "*"}
    Action: "sts:AssumeRole"
    Condition:
      ArnNotEquals:
        "aws:PrincipalArn": "arn:aws:iam::111111111111:user/ann"
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
""",
    ),
    "XA312": Example(
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
    Condition:
      StringEquals:
        "aws:PrincipalArn": "arn:aws:iam::111111111111:role/ci-*"
""",
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
    Condition:
      ArnLike: {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/ci-*"}
""",
    ),
    "XA313": Example(
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "333333333333"}
    Action: "sts:AssumeRole"
    Condition:
      "ForAllValues:StringEquals":
        "sts:ExternalId": 5a1c7b1e-30f3-4b43-9f8c-0d0c3f0a3f10
""",
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "333333333333"}
    Action: "sts:AssumeRole"
    Condition:
      StringEquals: {"sts:ExternalId": 5a1c7b1e-30f3-4b43-9f8c-0d0c3f0a3f10}
""",
    ),
    "XA314": Example(
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:role/ci"}
    Action: "sts:AssumeRole"
    Condition: {StringEquals: {"sts:RoleSessionName": "${aws:username}"}}
""",
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:user/ann"}
    Action: "sts:AssumeRole"
    Condition: {StringEquals: {"sts:RoleSessionName": "${aws:username}"}}
""",
    ),
    "XA315": Example(
        """\
222222222222/role/Deploy managed policies:
  - "arn:aws:iam::aws:policy/ReadOnlyAcess"
""",
        """\
222222222222/role/Deploy managed policies:
  - "arn:aws:iam::aws:policy/ReadOnlyAccess"
""",
    ),
    "XA316": Example(
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: "*"
    Action: "sts:AssumeRole"
    Condition: {StringEquals: {"aws:PrincipalOrgID": o-abcdefghij}}
""",
        """\
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "*"}
    Action: "sts:AssumeRole"
    Condition: {StringEquals: {"aws:PrincipalOrgID": o-abcdefghij}}
""",
    ),
    "XA317": Example(
        """\
# Pulumi.workload.yaml
config:
  crossaccount:accounts:
    workload: {id: "222222222222", stack: work}
""",
        """\
# Pulumi.workload.yaml
config:
  crossaccount:accounts:
    workload: {id: "222222222222", stack: workload}
""",
    ),
    "XA318": Example(
        """\
# Pulumi.workload.yaml
config:
  crossaccount:trusting:
    roles:
      Migration: {trust: [{principals: [auth], expires: 2026-01-31}]}
""",
        """\
# Pulumi.workload.yaml
config:
  crossaccount:trusting:
    roles:
      Migration: {trust: [{principals: [auth], expires: 2099-01-31}]}
""",
    ),
    "XA319": Example(
        """\
# Pulumi.workload.yaml
config:
  crossaccount:trusting:
    roles:
      Migration: {trust: [{principals: [auth], expires: 2099-01-31}]}
""",
        """\
# Pulumi.workload.yaml
config:
  crossaccount:trusting:
    roles:
      Migration: {trust: [{principals: [auth], expires: 2399-01-31}]}
""",
    ),
    "XA330": Example(
        """\
# Pulumi.auth.yaml
config:
  crossaccount:trusted:
    users: {ann: {groups: [{name: Auditors, starts: 2099-01-31}]}}
    groups: {Auditors: {}}
""",
        """\
# Pulumi.auth.yaml
config:
  crossaccount:trusted:
    users: {ann: {groups: [Auditors]}}
    groups: {Auditors: {}}
""",
    ),
    "XA331": Example(
        """\
# Pulumi.workload.yaml
config:
  crossaccount:trusting:
    roles:
      Metrics:
        trust:
          - principals: [auth]
            external_id:
              - 3f0c9a5e-7b0f-4a55-9d0b-2f7d54d1c9a1
              - b51d7c7e-1f9e-4d8e-8a52-6f3a1f0f7d10
""",
        """\
# Pulumi.workload.yaml
config:
  crossaccount:trusting:
    roles:
      Metrics:
        trust:
          - principals: [auth]
            external_id: [b51d7c7e-1f9e-4d8e-8a52-6f3a1f0f7d10]
""",
    ),
    "XA332": Example(
        """\
# Pulumi.auth.yaml
config:
  crossaccount:sign_in: {password_policy: {minimum_length: 8}}
""",
        """\
# Pulumi.auth.yaml
config:
  crossaccount:sign_in: {password_policy: {minimum_length: 14}}
""",
    ),
    "XA333": Example(
        """\
# Pulumi.auth.yaml
config:
  crossaccount:sign_in: {password_policy: {max_age: 90, hard_expiry: true}}
""",
        """\
# Pulumi.auth.yaml
config:
  crossaccount:sign_in: {password_policy: {max_age: 90}}
""",
    ),
    "XA334": Example(
        """\
# Pulumi.auth.yaml
config:
  crossaccount:trusted:
    users:
      ann:
        access_keys:
          new: {store: secretsmanager, starts: 2099-01-31}
""",
        """\
# Pulumi.auth.yaml
config:
  crossaccount:trusted:
    users:
      ann:
        access_keys:
          new: {store: secretsmanager}
""",
    ),
    "XA401": Example(
        """\
111111111111/user/ann managed policies:
  - "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
  - "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"
  - "arn:aws:iam::aws:policy/AmazonRDSReadOnlyAccess"
  - "arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"
  - "arn:aws:iam::aws:policy/AmazonSNSReadOnlyAccess"
  - "arn:aws:iam::aws:policy/AmazonVPCReadOnlyAccess"
  - "arn:aws:iam::aws:policy/AWSLambda_ReadOnlyAccess"
  - "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
  - "arn:aws:iam::aws:policy/AmazonRoute53ReadOnlyAccess"
  - "arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess"
""",
        """\
111111111111/user/ann managed policies:
  - "arn:aws:iam::aws:policy/ReadOnlyAccess"
""",
    ),
    "XA402": Example(
        """\
111111111111/user/ann managed policies:
  - "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
  - "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"
  - "arn:aws:iam::aws:policy/AmazonRDSReadOnlyAccess"
  - "arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"
  - "arn:aws:iam::aws:policy/AmazonSNSReadOnlyAccess"
  - "arn:aws:iam::aws:policy/AmazonVPCReadOnlyAccess"
  - "arn:aws:iam::aws:policy/AWSLambda_ReadOnlyAccess"
  - "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
  - "arn:aws:iam::aws:policy/AmazonRoute53ReadOnlyAccess"
  - "arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess"
  - "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
""",
        """\
111111111111/user/ann managed policies:
  - "arn:aws:iam::aws:policy/ReadOnlyAccess"
""",
    ),
    "XA403": Example(
        """\
111111111111/user/ann groups: [a, b, c, d, e, f, g, h, i, j, k]
""",
        """\
111111111111/user/ann groups: [staff]
""",
    ),
    "XA501": Example(
        """\
# before
111111111111/role/ci Path: /
# after
111111111111/role/ci Path: /team/
""",
        """\
# before
111111111111/role/ci Path: /
# after
111111111111/role/ci Path: /
""",
    ),
    "XA502": Example(
        """\
# before
111111111111/role/ci Path: /
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:role/ci"}
    Action: "sts:AssumeRole"
# after
111111111111/role/ci Path: /team/
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "arn:aws:iam::111111111111:role/team/ci"}
    Action: "sts:AssumeRole"
""",
        """\
# before
111111111111/role/ci Path: /
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
    Condition:
      ArnLike: {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/ci"}
# after
111111111111/role/ci Path: /team/
222222222222/role/Deploy trust policy:
  - Effect: Allow
    Principal: {AWS: "111111111111"}
    Action: "sts:AssumeRole"
    Condition:
      ArnLike:
        "aws:PrincipalArn": "arn:aws:iam::111111111111:role/team/ci"
""",
    ),
    "XA503": Example(
        """\
# Pulumi.auth.yaml
config:
  crossaccount:trusted:
    users:
      ann: {import: true}
""",
        """\
# Pulumi.auth.yaml
config:
  crossaccount:trusted:
    users:
      ann: {import: true, exclusive: false}
""",
    ),
    "XA504": Example(
        """\
# Pulumi.auth.yaml
config:
  crossaccount:trusted:
    users:
      anna: {aliases: [ann]}
""",
        """\
# Pulumi.auth.yaml
config:
  crossaccount:trusted:
    users:
      anna: {import: true}
""",
    ),
    "XA505": Example(
        """\
# Pulumi.workload.yaml
config:
  crossaccount:organization: {file: organization.json}
# organization.json: an SCP on the root, and its statement
{Effect: Deny, Action: "iam:CreateUser", Resource: "*"}
""",
        """\
# Pulumi.workload.yaml
config:
  crossaccount:organization: {file: organization.json}
# organization.json: an SCP on the root, and its statement
{Effect: Deny, Action: "organizations:LeaveOrganization", Resource: "*"}
""",
    ),
    "XA901": Example(
        """\
# Pulumi.workload.yaml
config:
  crossaccount:reads: [auth]
  crossaccount:trusting:
    roles:
      Deploy: {trust: [{principals: [auth/user/ann]}]}
  crossaccount:suppress:
    - code: XA107
      where: trusting.roles.Deploy
      reason: "the grant comes next week, ticket 4711"
""",
        """\
# Pulumi.workload.yaml
config:
  crossaccount:reads: [auth]
  crossaccount:trusting:
    roles:
      Deploy: {trust: [{principals: [auth/user/ann]}]}
  crossaccount:suppress:
    - code: XA205
      where: trusting.roles.Deploy
      reason: "the grant comes next week, ticket 4711"
""",
    ),
    "XA902": Example(
        """\
# Pulumi.workload.yaml
config:
  crossaccount:reads: [auth]
  crossaccount:trusting:
    roles:
      Deploy: {trust: [{principals: [auth/user/ann]}]}
  crossaccount:suppress:
    - code: XA205
      where: trusting.roles.Deploy
      reason: "the grant comes next week, ticket 4711"
      until: 2020-12-31
""",
        """\
# Pulumi.workload.yaml
config:
  crossaccount:reads: [auth]
  crossaccount:trusting:
    roles:
      Deploy: {trust: [{principals: [auth/user/ann]}]}
  crossaccount:suppress:
    - code: XA205
      where: trusting.roles.Deploy
      reason: "the grant comes next week, ticket 4711"
      until: 2099-12-31
""",
    ),
}
