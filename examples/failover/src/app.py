"""Says which region answers, and whether it is the primary one or stands in for it."""

import json
import os

REGION = os.environ["AWS_REGION"]
ROLE = "primary" if REGION == os.environ["PRIMARY_REGION"] else "secondary"


def handler(event, context):
    """Answers one request of an HTTP API (payload version 2.0)."""
    pages = {
        "/": {"message": f"Answered by the {ROLE} region", "region": REGION, "role": ROLE},
        # What Route 53's health checkers ask for. Check here what the region cannot serve without.
        "/health": {"status": "ok", "region": REGION},
    }
    page = pages.get(event["rawPath"])
    return {
        "statusCode": 200 if page else 404,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": json.dumps(page or {"message": "There is nothing here", "region": REGION}),
    }
