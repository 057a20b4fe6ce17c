"""Authorizes requests with the key of the partner."""

import hashlib
import hmac
import os


def handler(event, context):
    """Handles a request of a Lambda authorizer (payload format version 2.0, simple responses)."""
    [key] = event["identitySource"]
    digest = hashlib.sha256(key.encode()).hexdigest()
    return {"isAuthorized": hmac.compare_digest(digest, os.environ["KEY_SHA256"])}
