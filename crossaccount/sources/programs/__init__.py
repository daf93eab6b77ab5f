"""Programs of any tool as sources: Terraform, Pulumi, CloudFormation and CDK. What they leave unknown is said.

A reader per kind turns a tool's file into *drafts*: resources under the names of Pulumi's AWS provider, with values
that may be unknown. :mod:`settling` derives names and ARNs, puts them where they are referred to, and sorts the drafts
by account. Nothing is fetched and nothing is run.
"""
