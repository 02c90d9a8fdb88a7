"""The network's door: requests out, values or errors of our own back. Nothing of httpx leaves this package."""
