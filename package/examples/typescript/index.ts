// The trusting side of an account from TypeScript: a role that a partner may assume, with its external ID.
import { TrustingAccount } from "@pulumi/crossaccount";

const workload = new TrustingAccount("workload", {
    roles: {
        Partner: {
            assumeRolePolicy: {
                Version: "2012-10-17",
                Statement: [
                    {
                        Effect: "Allow",
                        Principal: { AWS: "arn:aws:iam::333333333333:root" },
                        Action: "sts:AssumeRole",
                        Condition: { StringEquals: { "sts:ExternalId": "kx7-partner-4f1c" } },
                    },
                ],
            },
            inline: {
                "read-reports": {
                    Version: "2012-10-17",
                    Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::reports/*" }],
                },
            },
        },
    },
});

export const roleArns = workload.roleArns;
