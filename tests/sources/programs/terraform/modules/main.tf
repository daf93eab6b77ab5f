# Names and ARNs that pass through modules, with for_each and count.
module "team" {
  source   = "./team"
  for_each = { red = "Red", blue = "Blue" }
  name     = each.value
  trusted  = module.people.arn
}

module "people" {
  source = "./people"
}

resource "aws_iam_user_policy_attachment" "reach" {
  for_each   = module.team
  user       = "ada"
  policy_arn = each.value.policy
}

resource "aws_iam_user_policy_attachment" "red" {
  user       = module.people.name
  policy_arn = module.team["red"].policy
}
