variable "policies" {
  type = list(string)
}

resource "aws_iam_role" "cross" {
  name = "CrossAccountAccessRole"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "arn:aws:iam::111111111111:root" } }]
  })
}

resource "aws_iam_role_policy_attachment" "cross" {
  for_each   = toset(var.policies)
  role       = aws_iam_role.cross.name
  policy_arn = each.value
}

output "arn" {
  value = aws_iam_role.cross.arn
}
