"""http.client, without keep-alive: prints what came of one GET. Arguments: address, port."""
import hashlib
import http.client
import json
import sys
import time

address, port = sys.argv[1], int(sys.argv[2])
visit = {"status": None, "length": 0, "announced": None, "error": None}
body = b""
began = time.monotonic()
try:
    connection = http.client.HTTPConnection(address, port, timeout=50)
    connection.request("GET", "/some/page", headers={"Connection": "close"})
    answer = connection.getresponse()
    visit["status"] = answer.status
    announced = answer.getheader("Content-Length")
    visit["announced"] = None if announced is None else int(announced)
    body = answer.read()
except (OSError, http.client.HTTPException) as error:
    visit["error"] = repr(error)
visit["seconds"] = time.monotonic() - began
visit["length"] = len(body)
visit["digest"] = hashlib.sha256(body).hexdigest()
print(json.dumps(visit))
