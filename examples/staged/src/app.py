"""Returns the requested path and the region that responded."""

import json
import os


def handler(event, context):
    """Handles a request from an HTTP API (payload format version 2.0)."""
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": json.dumps({"path": event["rawPath"], "region": os.environ["AWS_REGION"]}),
    }
