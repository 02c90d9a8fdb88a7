"""A bucket for tests: moto's server on this machine, which honours conditions on writes as S3 does."""

import logging
import os
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import count
from threading import Lock, Thread
from typing import Any
from urllib.request import Request, urlopen

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

_NUMBERS = count()
_SIGNED = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x"


class _OneByOne:
    """Answers one request after the other: moto looks at a condition and writes in two steps."""

    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self._lock = Lock()

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        with self._lock:
            return list(self._app(environ, start_response))


@cache
def _server() -> str:
    """Start the server, once for all tests of a process, and return its URL."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = make_server("127.0.0.1", 0, _OneByOne(), threaded=True)
    Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.port}"


def variables(endpoint: str | None = None) -> Mapping[str, str]:
    """Return the environment variables with which the bucket is found."""
    return {
        "AWS_ACCESS_KEY_ID": "test-key-id",
        "AWS_SECRET_ACCESS_KEY": "test-secret-key",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ENDPOINT_URL": endpoint or _server(),
    }


def new_bucket(patch: pytest.MonkeyPatch) -> str:
    """Make a bucket, set the variables for it, and return the URL of a prefix in it."""
    for name, value in variables().items():
        patch.setenv(name, value)
    name = f"bucket-{os.getpid()}-{next(_NUMBERS)}"
    request = Request(f"{_server()}/{name}", method="PUT", headers={"Authorization": _SIGNED})  # noqa: S310  loopback
    with urlopen(request):  # noqa: S310  the same
        return f"s3://{name}/state"
