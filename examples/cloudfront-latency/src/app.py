"""Returns the region that responded and, for requests that write, the method and the body."""

import json
import os

REGION = os.environ["AWS_REGION"]
CACHE_SECONDS = int(os.environ.get("CACHE_SECONDS", "0"))


def handler(event, context):
    """Handles a request from an HTTP API (payload format version 2.0)."""
    path = event["rawPath"]
    method = event["requestContext"]["http"]["method"]
    if path == "/health":
        # The path of the Route 53 health check. Check everything here that the region needs to serve requests.
        return response(200, "no-store", {"status": "ok", "region": REGION})
    if path.startswith("/public/"):
        cache_control = f"public, max-age={CACHE_SECONDS}" if CACHE_SECONDS else "no-store"
        return response(200, cache_control, {"message": f"Hello from {REGION}", "region": REGION})
    if path == "/":
        page = {"message": f"Hello from {REGION}", "region": REGION, "method": method, "received": event.get("body")}
        return response(200, "no-store", page)
    return response(404, "no-store", {"message": f"Not found: {path}", "region": REGION})


def response(status, cache_control, body):
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": cache_control},
        "body": json.dumps(body),
    }
