# The trust is widened, an inline policy and a role go, one role leaves the state and stays in AWS.
data "aws_caller_identity" "here" {
}

resource "aws_iam_user" "bo" {
  name = "bo"
}

resource "aws_iam_role" "kept" {
  name = "kept"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = ["111111111111", "222222222222"] } }]
  })
}

resource "aws_iam_user_policy" "reach" {
  name = "reach"
  user = aws_iam_user.bo.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Resource = aws_iam_role.kept.arn }]
  })
}

removed {
  from = aws_iam_role.forgotten
  lifecycle {
    destroy = false
  }
}
