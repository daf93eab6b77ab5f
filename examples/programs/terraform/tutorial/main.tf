# Developers in, testers out.
provider "aws" {
  alias               = "development"
  profile             = "development"
  region              = "us-west-2"
  allowed_account_ids = ["111111111111"]
}

provider "aws" {
  alias               = "production"
  profile             = "production"
  region              = "us-west-2"
  allowed_account_ids = ["999999999999"]
}

resource "aws_iam_role" "update" {
  provider = aws.production
  name     = "UpdateApp"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "arn:aws:iam::111111111111:root" } }]
  })
}

resource "aws_iam_policy" "bucket" {
  provider = aws.production
  name     = "read-write-app-bucket"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "s3:ListAllMyBuckets", Resource = "*" },
      { Effect = "Allow", Action = ["s3:ListBucket", "s3:GetBucketLocation"], Resource = "arn:aws:s3:::productionapp" },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
        Resource = "arn:aws:s3:::productionapp/*"
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "update" {
  provider   = aws.production
  role       = aws_iam_role.update.name
  policy_arn = aws_iam_policy.bucket.arn
}

locals {
  members = { David = "Developers", Theresa = "Testers" }
}

resource "aws_iam_user" "people" {
  provider = aws.development
  for_each = local.members
  name     = each.key
}

resource "aws_iam_user_login_profile" "people" {
  provider = aws.development
  for_each = aws_iam_user.people
  user     = each.value.name
}

resource "aws_iam_group" "groups" {
  provider = aws.development
  for_each = toset(values(local.members))
  name     = each.key
}

resource "aws_iam_group_policy_attachment" "power" {
  provider   = aws.development
  for_each   = aws_iam_group.groups
  group      = each.value.name
  policy_arn = "arn:aws:iam::aws:policy/PowerUserAccess"
}

resource "aws_iam_user_group_membership" "people" {
  provider = aws.development
  for_each = local.members
  user     = aws_iam_user.people[each.key].name
  groups   = [aws_iam_group.groups[each.value].name]
}

data "aws_iam_policy_document" "reach" {
  for_each = { Developers = "Allow", Testers = "Deny" }

  statement {
    effect    = each.value
    actions   = ["sts:AssumeRole"]
    resources = [aws_iam_role.update.arn]
  }
}

resource "aws_iam_group_policy" "reach" {
  provider = aws.development
  for_each = { Developers = "allow", Testers = "deny" }
  name     = "${each.value}-assume-S3-role-in-production"
  group    = aws_iam_group.groups[each.key].name
  policy   = data.aws_iam_policy_document.reach[each.key].json
}
