"""requests with urllib3's Retry: prints what it slept, what it got in the end, and what it says without retries."""
import json
import sys
import time

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

url = sys.argv[1]
session = requests.Session()
session.trust_env = False
refused = session.get(url, headers={"Accept": "application/problem+json"}, timeout=20)
report = {
    "refused": refused.status_code,
    "reason": refused.reason,
    "type": refused.headers["Content-Type"],
    "problem": refused.json(),
    "told": int(refused.headers["Retry-After"]),
}

slept = []
sleep = time.sleep


def noted(seconds):
    slept.append(seconds)
    sleep(seconds)


time.sleep = noted
# No backoff of its own: whatever it sleeps, it was told.
retry = Retry(total=2, status_forcelist=[503], backoff_factor=0, respect_retry_after_header=True)
session.mount("http://", HTTPAdapter(max_retries=retry))
print("retrying", flush=True)
returned = session.get(url, timeout=20)
report["slept"] = slept
report["returned"] = returned.status_code
report["body"] = returned.text
report["history"] = [entry.status for entry in returned.raw.retries.history]
print(json.dumps(report))
