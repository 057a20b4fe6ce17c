"""Greets from the region in which the function runs."""

import json
import os


def handler(event, context):
    """Handles a request from an HTTP API (payload format version 2.0) or a REST API (1.0)."""
    region = os.environ["AWS_REGION"]
    path = event["rawPath"] if "rawPath" in event else event["path"]
    if path == "/health":
        body = {"status": "ok", "region": region}
    else:
        body = {"message": f"{os.environ.get('GREETING', 'Hello')} from {region}", "region": region}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
