variable "name" {
}

variable "trusted" {
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.trusted]
    }
  }
}

resource "aws_iam_role" "this" {
  count              = 1
  name               = var.name
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "reach" {
  statement {
    actions   = ["sts:AssumeRole"]
    resources = [aws_iam_role.this[0].arn]
  }
}

resource "aws_iam_policy" "reach" {
  name   = "reach-${var.name}"
  policy = data.aws_iam_policy_document.reach.json
}

output "policy" {
  value = aws_iam_policy.reach.arn
}
