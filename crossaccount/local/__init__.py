"""An AWS on this machine, for one run: its server, hardening, clients, resource handlers and the stand-in provider.

OperationFailed
└── LocalAwsError      ``server``: the local AWS did not start
Exception, caught inside this package and by the engines
├── Disconnected       ``asgi``: the client went away
├── NotAnswered        ``invokes``: only AWS knows the answer to a provider function
├── Refusal            ``hardening``: AWS would refuse the call
├── Refused            ``authentication``: the request's signature is not valid
├── ResourceError      ``handlers``: an operation on a resource failed
│   ├── CheckFailed    pulumi-aws does not accept the inputs
│   └── UnknownType    no handler has this resource type
└── TooLarge           ``asgi``: a request has more bytes than are read
"""
