"""Tells callers their IP address, and which region told them."""

import json
import os

REGION = os.environ["AWS_REGION"]
GREETING = os.environ.get("GREETING", "Hello")


def handler(event, context):
    """Answers one request of an HTTP API (payload version 2.0)."""
    path = event["rawPath"]
    if path == "/":
        ip = event["requestContext"]["http"]["sourceIp"]
        return answer(200, {"message": f"{GREETING} from {REGION}", "region": REGION, "ip": ip})
    if path == "/health":
        return answer(200, {"status": "ok", "region": REGION})
    return answer(404, {"message": f"There is nothing at {path}", "region": REGION})


def answer(status, body):
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": json.dumps(body),
    }
