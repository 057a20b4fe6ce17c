"""Returns the region that responded, and whether it is the primary or the secondary region."""

import json
import os

REGION = os.environ["AWS_REGION"]
ROLE = "primary" if REGION == os.environ["PRIMARY_REGION"] else "secondary"


def handler(event, context):
    """Handles a request from an HTTP API (payload format version 2.0)."""
    pages = {
        "/": {"message": f"Hello from the {ROLE} region", "region": REGION, "role": ROLE},
        # The path of the Route 53 health check. Check everything here that the region needs to serve requests.
        "/health": {"status": "ok", "region": REGION},
    }
    page = pages.get(event["rawPath"])
    return {
        "statusCode": 200 if page else 404,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": json.dumps(page or {"message": "Not found", "region": REGION}),
    }
