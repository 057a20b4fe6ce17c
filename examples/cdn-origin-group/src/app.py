"""Says which region answers, in an answer that CloudFront may keep for a while."""

import json
import os
import time

REGION = os.environ["AWS_REGION"]
CACHE_SECONDS = int(os.environ.get("CACHE_SECONDS", "0"))


def handler(event, context):
    """Answers one request of an HTTP API (payload version 2.0)."""
    path = event["rawPath"]
    if path == "/health":
        return answer(200, "no-store", {"status": "ok", "region": REGION})
    if path == "/":
        caching = f"public, max-age={CACHE_SECONDS}" if CACHE_SECONDS else "no-store"
        return answer(200, caching, {"message": f"Hello from {REGION}", "region": REGION, "made_at": int(time.time())})
    return answer(404, "no-store", {"message": f"There is nothing at {path}", "region": REGION})


def answer(status, caching, body):
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": caching},
        "body": json.dumps(body),
    }
