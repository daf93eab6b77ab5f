# Account A deploys into account B.
provider "aws" {
  alias               = "a"
  profile             = "a"
  region              = "us-west-2"
  allowed_account_ids = ["111111111111"]
}

provider "aws" {
  alias               = "b"
  profile             = "b"
  region              = "us-west-2"
  allowed_account_ids = ["222222222222"]
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111111111111:root"]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = ["12345678TESTID"]
    }
  }
}

resource "aws_iam_role" "cross" {
  provider           = aws.b
  name               = "CrossAccountAccessRole"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "deploy" {
  statement {
    sid       = "CrossAccountPermissions"
    actions   = ["s3:*", "cloudwatch:*", "cloudformation:*", "sqs:*", "events:*"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "cross" {
  provider = aws.b
  name     = "CrossAccountPermissions"
  role     = aws_iam_role.cross.name
  policy   = data.aws_iam_policy_document.deploy.json
}

data "aws_iam_policy_document" "reach" {
  statement {
    actions   = ["sts:AssumeRole", "iam:PassRole", "iam:ListRoles"]
    resources = [aws_iam_role.cross.arn]
  }
}

resource "aws_iam_user" "ci" {
  provider = aws.a
  name     = "ci"
}

resource "aws_iam_user_policy" "ci" {
  provider = aws.a
  name     = "deploy-into-b"
  user     = aws_iam_user.ci.name
  policy   = data.aws_iam_policy_document.reach.json
}

resource "aws_iam_user" "eve" {
  provider = aws.a
  name     = "eve"
}

resource "aws_iam_group" "deployers" {
  provider = aws.a
  name     = "deployers"
}

resource "aws_iam_user_group_membership" "eve" {
  provider = aws.a
  user     = aws_iam_user.eve.name
  groups   = [aws_iam_group.deployers.name]
}

resource "aws_iam_group_policy" "deployers" {
  provider = aws.a
  name     = "deploy-into-b"
  group    = aws_iam_group.deployers.name
  policy   = data.aws_iam_policy_document.reach.json
}
