"""Programs of other tools as sources: Terraform, Pulumi, CloudFormation and CDK. Unknown values are reported.

For each kind a reader turns a tool's file into *drafts*: resources under the names of Pulumi's AWS provider, with
values that may be unknown. :mod:`settling` derives names and ARNs, resolves references to them, and sorts the drafts by
account. Nothing is fetched and nothing is run.
"""
