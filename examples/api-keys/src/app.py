"""Returns the requested path and the region that responded."""

import json
import os


def handler(event, context):
    """Handles a request from a REST API (payload format version 1.0)."""
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": json.dumps({"path": event["path"], "region": os.environ["AWS_REGION"]}),
    }
