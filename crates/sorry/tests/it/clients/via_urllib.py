"""urllib: prints what HTTPError tells of GET, HEAD and a POST of 20 MiB, all of which it sends before it reads."""
import json
import sys
import urllib.error
import urllib.request

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
report = {}
for method, data in [("GET", None), ("HEAD", None), ("POST", b"x" * (20 << 20))]:
    request = urllib.request.Request(sys.argv[1], data=data, method=method)
    try:
        opener.open(request, timeout=20)
        report[method] = "no error"
    except urllib.error.HTTPError as error:
        report[method] = {
            "code": error.code,
            "reason": error.reason,
            "retry_after": int(error.headers["Retry-After"]),
            "type": error.headers.get_content_type(),
            "body": error.read().decode(),
        }
print(json.dumps(report))
