resource "aws_iam_user" "ada" {
  name = "ada"
}

output "arn" {
  value = aws_iam_user.ada.arn
}

output "name" {
  value = aws_iam_user.ada.id
}
