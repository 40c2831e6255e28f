"""grpcio: prints the status of unary and streaming calls, and how long a call took that was to be retried once."""
import json
import sys
import time

import grpc

METHOD = "/shop.Orders/Find"


def raw(value):
    return value


def told(error):
    return {
        "code": error.code().name,
        "details": error.details(),
        "trailers": {key: value for key, value in error.trailing_metadata()},
    }


def refused(call):
    try:
        call()
        return "no error"
    except grpc.RpcError as error:
        return told(error)


address = sys.argv[1]
plain = [("grpc.enable_retries", 0), ("grpc.enable_http_proxy", 0)]
with grpc.insecure_channel(address, options=plain) as channel:
    unary = channel.unary_unary(METHOD, raw, raw)
    upload = channel.stream_unary(METHOD, raw, raw)
    download = channel.unary_stream(METHOD, raw, raw)
    report = {
        "unary": refused(lambda: unary(b"order", timeout=20)),
        "large": refused(lambda: unary(b"x" * 3_000_000, timeout=20)),
        "upload": refused(lambda: upload(iter([b"x" * 50_000] * 20), timeout=20)),
        "download": refused(lambda: list(download(b"order", timeout=20))),
    }

# Left alone the client would wait 15 s and more before its one retry (gRFC A6).
service = {
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 2,
                "initialBackoff": "20s",
                "maxBackoff": "20s",
                "backoffMultiplier": 1,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}
retrying = [
    ("grpc.enable_retries", 1),
    ("grpc.enable_http_proxy", 0),
    ("grpc.service_config", json.dumps(service)),
]
with grpc.insecure_channel(address, options=retrying) as channel:
    unary = channel.unary_unary(METHOD, raw, raw)
    started = time.monotonic()
    report["retried"] = refused(lambda: unary(b"order", timeout=30))
    report["seconds"] = time.monotonic() - started
print(json.dumps(report))
