"""Greets from the region that it runs in."""

import json
import os


def handler(event, context):
    """Answers one request of an HTTP API (payload version 2.0)."""
    region = os.environ["AWS_REGION"]
    if event["rawPath"] == "/health":
        body = {"status": "ok", "region": region}
    else:
        body = {"message": f"{os.environ.get('GREETING', 'Hello')} from {region}", "region": region}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
