"""A gRPC server with the health service (grpc.health.v1), written by hand: Debian has no package of it. The messages are a few bytes.

`--bare` leaves the service out. `--tls CERTIFICATE KEY` speaks TLS."""

import sys
from concurrent import futures

import grpc

STATUSES = {b"": 1, b"shop": 1, b"stock": 2, b"unknown": 3}


def check(request, context):
    # HealthCheckRequest { string service = 1; }: nothing, or a tag, a length below 128 and the name.
    name = request[2:] if request else b""
    if name not in STATUSES:
        context.abort(grpc.StatusCode.NOT_FOUND, "no service %r" % name)
    return bytes([0x08, STATUSES[name]])


def main(arguments):
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    if "--bare" not in arguments:
        method = grpc.unary_unary_rpc_method_handler(check)
        handler = grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": method})
        server.add_generic_rpc_handlers((handler,))
    if "--tls" in arguments:
        at = arguments.index("--tls")
        certificate, key = (open(path, "rb").read() for path in arguments[at + 1 : at + 3])
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, certificate)]))
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


main(sys.argv[1:])
