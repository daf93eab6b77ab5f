# One source account, development, test and production: one module for each of the three.
provider "aws" {
  alias               = "source"
  profile             = "source"
  region              = "us-west-2"
  allowed_account_ids = ["111111111111"]
}

provider "aws" {
  alias               = "development"
  profile             = "development"
  region              = "us-west-2"
  allowed_account_ids = ["222222222222"]
}

provider "aws" {
  alias               = "test"
  profile             = "test"
  region              = "us-west-2"
  allowed_account_ids = ["333333333333"]
}

provider "aws" {
  alias               = "production"
  profile             = "production"
  region              = "us-west-2"
  allowed_account_ids = ["444444444444"]
}

module "development" {
  source   = "./environment"
  policies = ["arn:aws:iam::aws:policy/PowerUserAccess"]

  providers = {
    aws = aws.development
  }
}

module "production" {
  source   = "./environment"
  policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]

  providers = {
    aws = aws.production
  }
}

module "test" {
  source   = "./environment"
  policies = ["arn:aws:iam::aws:policy/AmazonEC2FullAccess", "arn:aws:iam::aws:policy/AmazonS3FullAccess"]

  providers = {
    aws = aws.test
  }
}

resource "aws_iam_user" "people" {
  provider = aws.source
  for_each = toset(["dana", "ana"])
  name     = each.key
}

resource "aws_iam_group" "engineers" {
  provider = aws.source
  name     = "engineers"
}

resource "aws_iam_group" "analysts" {
  provider = aws.source
  name     = "analysts"
}

resource "aws_iam_user_group_membership" "dana" {
  provider = aws.source
  user     = aws_iam_user.people["dana"].id
  groups   = [aws_iam_group.engineers.name]
}

resource "aws_iam_group_membership" "analysts" {
  provider = aws.source
  name     = "analysts"
  group    = aws_iam_group.analysts.id
  users    = [aws_iam_user.people["ana"].name]
}

data "aws_iam_policy_document" "everywhere" {
  statement {
    actions   = ["sts:AssumeRole"]
    resources = [module.development.arn, module.test.arn, module.production.arn]
  }
}

data "aws_iam_policy_document" "production" {
  statement {
    actions   = ["sts:AssumeRole"]
    resources = [module.production.arn]
  }
}

data "aws_iam_policy_document" "before_production" {
  statement {
    actions   = ["sts:AssumeRole"]
    resources = [module.development.arn, module.test.arn]
  }
}

resource "aws_iam_group_policy" "engineers" {
  provider = aws.source
  name     = "assume-everywhere"
  group    = aws_iam_group.engineers.name
  policy   = data.aws_iam_policy_document.everywhere.json
}

resource "aws_iam_group_policy" "analysts" {
  provider = aws.source
  name     = "assume-in-production"
  group    = aws_iam_group.analysts.name
  policy   = data.aws_iam_policy_document.production.json
}

resource "aws_iam_role" "pipeline" {
  provider = aws.source
  name     = "pipeline"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "pipeline" {
  provider = aws.source
  name     = "assume-before-production"
  role     = aws_iam_role.pipeline.name
  policy   = data.aws_iam_policy_document.before_production.json
}
