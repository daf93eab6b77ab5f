"""IAM as plain values: ARNs, names, documents and the rules AWS sets for them. Pure: no files, no network."""
