"""Returns the requested path, the region that responded, and what API Gateway reports about the client."""

import json
import os


def handler(event, context):
    """Handles a request from an HTTP API (payload format version 2.0)."""
    client = event["requestContext"].get("authorizer", {})
    body = {"path": event["rawPath"], "region": os.environ["AWS_REGION"], "authorized_by": sorted(client)}
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": json.dumps(body),
    }
