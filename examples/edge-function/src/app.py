"""Returns the region that responded. Accepts all methods."""

import json
import os

REGION = os.environ["AWS_REGION"]


def handler(event, context):
    """Handles a request from an HTTP API (payload format version 2.0)."""
    path = event["rawPath"]
    if path == "/health":
        return response(200, {"status": "ok", "region": REGION})
    method = event["requestContext"]["http"]["method"]
    return response(200, {"message": f"{method} {path} in {REGION}", "region": REGION})


def response(status, body):
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": json.dumps(body),
    }
