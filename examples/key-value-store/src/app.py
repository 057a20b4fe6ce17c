"""Returns the region that responded, for every method."""

import json
import os

REGION = os.environ["AWS_REGION"]


def handler(event, context):
    """Handles a request from an HTTP API (payload format version 2.0)."""
    method = event["requestContext"]["http"]["method"]
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": json.dumps({"message": f"{method} answered by {REGION}", "region": REGION}),
    }
