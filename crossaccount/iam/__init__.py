"""What IAM's values mean: ARNs, names, documents, conditions and AWS's rules for them. Pure: no files, no network.

Exception
├── BadInput                  ``problem``: what the user wrote cannot be used; other packages derive from it
├── OperationFailed           ``problem``: an operation failed; other packages derive from it
└── ValueError
    ├── CannotSplit           ``splitting``: one statement is longer than the limit
    ├── ConditionConflict     ``statements``: a raw condition contradicts an option of its statement
    ├── ConditionError        ``conditions``: IAM would not accept a ``Condition``
    ├── DocumentError         ``compiled``: IAM would not accept a document
    ├── JsonError             ``json_text``: a text is not JSON
    └── UnknownAccount        ``names``: no such account in the address book
"""
