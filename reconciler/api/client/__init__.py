"""The HTTP client, the one way to an account: only `workflow/account.py` may import it, and nothing else httpx."""

from reconciler.api.client.calls import open_reader, open_writer
from reconciler.api.client.connection import keeping_connections
from reconciler.api.client.endpoint import Endpoint, base_url

__all__ = ["Endpoint", "base_url", "keeping_connections", "open_reader", "open_writer"]
