# Every kind of IAM resource that is read, made for the first time: most ARNs are known only after the apply.
resource "aws_iam_user" "bo" {
  name = "bo"
  path = "/team/"
  tags = { team = "red" }
}

resource "aws_iam_user_login_profile" "bo" {
  user = aws_iam_user.bo.id
}

resource "aws_iam_access_key" "bo" {
  user = aws_iam_user.bo.name
}

resource "aws_iam_group" "staff" {
  name = "staff"
}

resource "aws_iam_group_membership" "staff" {
  name  = "staff"
  group = aws_iam_group.staff.id
  users = [aws_iam_user.bo.name]
}

resource "aws_iam_user_group_membership" "bo" {
  user   = aws_iam_user.bo.name
  groups = ["readers"]
}

resource "aws_iam_group_policy" "reach" {
  name   = "reach"
  group  = aws_iam_group.staff.name
  policy = data.aws_iam_policy_document.reach.json
}

data "aws_iam_policy_document" "reach" {
  source_policy_documents = [data.aws_iam_policy_document.base.json]

  statement {
    sid       = "Reach"
    actions   = ["sts:AssumeRole"]
    resources = [aws_iam_role.listed["deploy"].arn, "arn:aws:iam::222222222222:role/Other"]

    condition {
      test     = "Bool"
      variable = "aws:MultiFactorAuthPresent"
      values   = ["true"]
    }
  }
}

data "aws_iam_policy_document" "base" {
  statement {
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.new.arn]
  }
}

resource "aws_s3_bucket" "new" {
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_user.bo.arn, "arn:aws:iam::222222222222:root"]
    }

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "listed" {
  for_each             = toset(["deploy", "read"])
  name                 = each.key
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 7200
  permissions_boundary = aws_iam_policy.boundary.arn
}

resource "aws_iam_role_policy" "written" {
  name = "written"
  role = aws_iam_role.listed["deploy"].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Resource = aws_iam_role.own_lists.arn }]
  })
}

resource "aws_iam_role_policy_attachment" "each" {
  for_each   = aws_iam_role.listed
  role       = each.value.name
  policy_arn = aws_iam_policy.tour.arn
}

resource "aws_iam_policy" "boundary" {
  name   = "boundary"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })
}

resource "aws_iam_policy" "tour" {
  name_prefix = "tour-"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Resource = "arn:aws:iam::222222222222:role/Tour" }]
  })
}

resource "aws_iam_policy_attachment" "everywhere" {
  name       = "everywhere"
  users      = [aws_iam_user.bo.name]
  groups     = [aws_iam_group.staff.name]
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_role" "own_lists" {
  name = "own-lists"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "222222222222" } }]
  })
  managed_policy_arns = ["arn:aws:iam::aws:policy/ViewOnlyAccess", aws_iam_policy.tour.arn]

  inline_policy {
    name   = "own"
    policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:*", Resource = "*" }] })
  }
}

resource "aws_iam_instance_profile" "own" {
  count = 2
  name  = "own-${count.index}"
  role  = aws_iam_role.own_lists.name
}

resource "aws_iam_role_policies_exclusive" "own" {
  role_name    = "deploy"
  policy_names = [aws_iam_role_policy.written.name]
}

resource "aws_iam_openid_connect_provider" "github" {
  url             = "https://token.actions.githubusercontent.com"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["6938fd4d98bab03faadb97b34396831e3780aea1"]
}

data "aws_iam_policy_document" "github" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:acme/web:ref:refs/heads/main"]
    }
  }
}

resource "aws_iam_role" "github" {
  name               = "github"
  assume_role_policy = data.aws_iam_policy_document.github.json
}
