"""Returns the IP address of the client and the region that responded."""

import json
import os

REGION = os.environ["AWS_REGION"]
GREETING = os.environ.get("GREETING", "Hello")


def handler(event, context):
    """Handles a request from an HTTP API (payload format version 2.0)."""
    path = event["rawPath"]
    if path == "/":
        ip = event["requestContext"]["http"]["sourceIp"]
        return response(200, {"message": f"{GREETING} from {REGION}", "region": REGION, "ip": ip})
    if path == "/health":
        return response(200, {"status": "ok", "region": REGION})
    return response(404, {"message": f"Not found: {path}", "region": REGION})


def response(status, body):
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": json.dumps(body),
    }
