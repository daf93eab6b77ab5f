# A person crosses from an authentication account.
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

resource "aws_iam_user" "richard" {
  provider = aws.auth
  name     = "richard"
}

resource "aws_iam_user_login_profile" "richard" {
  provider = aws.auth
  user     = aws_iam_user.richard.name
}

resource "aws_iam_policy" "assume" {
  provider = aws.auth
  name     = "AssumeRolePolicy"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Resource = "*" }]
  })
}

resource "aws_iam_user_policy_attachment" "richard" {
  provider   = aws.auth
  user       = aws_iam_user.richard.name
  policy_arn = aws_iam_policy.assume.arn
}

resource "aws_iam_role" "assumed" {
  provider = aws.workload
  name     = "AssumedRole"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "arn:aws:iam::111111111111:root" } }]
  })
}

resource "aws_iam_role_policy" "list" {
  provider = aws.workload
  name     = "ListBucketPolicy"
  role     = aws_iam_role.assumed.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:ListBucket", Resource = "arn:aws:s3:::workload-bucket" }]
  })
}
