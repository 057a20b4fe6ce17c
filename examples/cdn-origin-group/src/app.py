"""Returns the region that responded, in a response that CloudFront may cache."""

import json
import os
import time

REGION = os.environ["AWS_REGION"]
CACHE_SECONDS = int(os.environ.get("CACHE_SECONDS", "0"))


def handler(event, context):
    """Handles a request from an HTTP API (payload format version 2.0)."""
    path = event["rawPath"]
    if path == "/health":
        return response(200, "no-store", {"status": "ok", "region": REGION})
    if path == "/":
        cache_control = f"public, max-age={CACHE_SECONDS}" if CACHE_SECONDS else "no-store"
        return response(200, cache_control, {"message": f"Hello from {REGION}", "region": REGION, "created_at": int(time.time())})
    return response(404, "no-store", {"message": f"Not found: {path}", "region": REGION})


def response(status, cache_control, body):
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": cache_control},
        "body": json.dumps(body),
    }
