# Trusting and trusted, policies attached by ARN.
provider "aws" {
  alias               = "trusting"
  profile             = "trusting"
  region              = "us-west-2"
  allowed_account_ids = ["222222222222"]
}

provider "aws" {
  alias               = "trusted"
  profile             = "trusted"
  region              = "us-west-2"
  allowed_account_ids = ["111111111111"]
}

resource "aws_iam_role" "one" {
  provider = aws.trusting
  name     = "Assume-Role-1"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "111111111111" } }]
  })
}

resource "aws_iam_policy" "for_role" {
  provider = aws.trusting
  name     = "Custom-Policy-For-Role-1"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:*", Resource = "*" }]
  })
}

resource "aws_iam_role_policy_attachment" "one" {
  provider   = aws.trusting
  role       = aws_iam_role.one.id
  policy_arn = aws_iam_policy.for_role.id
}

resource "aws_iam_user" "one" {
  provider = aws.trusted
  name     = "user-1"
}

resource "aws_iam_access_key" "one" {
  provider = aws.trusted
  user     = aws_iam_user.one.id
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions   = ["sts:AssumeRole"]
    resources = [aws_iam_role.one.arn]
  }
}

resource "aws_iam_policy" "assume" {
  provider = aws.trusted
  name     = "Custom-Assume-Role-Policy"
  policy   = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_policy_attachment" "assume" {
  provider   = aws.trusted
  name       = "assume"
  users      = [aws_iam_user.one.name]
  policy_arn = aws_iam_policy.assume.arn
}
