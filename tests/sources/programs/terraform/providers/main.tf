# Two accounts in one program: one says which it is, the other does not.
provider "aws" {
  region              = "us-west-2"
  allowed_account_ids = ["111111111111"]
}

provider "aws" {
  alias  = "workload"
  region = "us-west-2"

  default_tags {
    tags = { owner = "platform" }
  }
}

resource "aws_iam_user" "ada" {
  name = "ada"
}

data "aws_iam_policy_document" "reach" {
  statement {
    actions   = ["sts:AssumeRole"]
    resources = [aws_iam_role.deploy.arn]
  }
}

resource "aws_iam_user_policy" "reach" {
  name   = "reach"
  user   = aws_iam_user.ada.name
  policy = data.aws_iam_policy_document.reach.json
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_user.ada.arn]
    }
  }
}

resource "aws_iam_role" "deploy" {
  provider           = aws.workload
  name               = "deploy"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = { stage = "live" }
}
