# An AWS service crosses: each side names the other's ARN.
provider "aws" {
  alias               = "auth"
  profile             = "auth"
  region              = "us-west-2"
  allowed_account_ids = ["111111111111"]
}

provider "aws" {
  alias               = "workload"
  profile             = "workload"
  region              = "us-west-2"
  allowed_account_ids = ["222222222222"]
}

data "aws_iam_policy_document" "services" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com", "lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "assuming" {
  provider           = aws.auth
  name               = "AssumingRole"
  assume_role_policy = data.aws_iam_policy_document.services.json
}

resource "aws_iam_instance_profile" "assuming" {
  provider = aws.auth
  name     = "AssumingRole"
  role     = aws_iam_role.assuming.name
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions   = ["sts:AssumeRole"]
    resources = [aws_iam_role.assumed.arn]
  }
}

resource "aws_iam_role_policy" "assuming" {
  provider = aws.auth
  name     = "AssumingRolePolicy"
  role     = aws_iam_role.assuming.id
  policy   = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.assuming.arn]
    }
  }
}

resource "aws_iam_role" "assumed" {
  provider           = aws.workload
  name               = "AssumedRole"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "assumed" {
  provider = aws.workload
  name     = "AssumedRolePolicy"
  role     = aws_iam_role.assumed.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:ListBucket", Resource = "arn:aws:s3:::workload-bucket" }]
  })
}
