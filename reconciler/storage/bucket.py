"""A store in a bucket: S3 and what speaks like it, Google Cloud Storage or Azure, through `obstore`, an extra."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from reconciler.errors import MORE_FILES, NO_MORE_FILES, InputError, StateError, lacks_files
from reconciler.storage.files import ensure_room
from reconciler.storage.store import ChangedError, Kept

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_CODE = re.compile(r"<Code>(?P<code>[A-Za-z]{1,60})</Code>")
_STATUS = re.compile(r"status code: (?P<status>[0-9]{3})")
_VARIABLES = {"s3": "AWS_ACCESS_KEY_ID", "gs": "GOOGLE_APPLICATION_CREDENTIALS", "az": "AZURE_STORAGE_ACCOUNT_NAME"}
_FILES = 24
"""How many more files may have to be open: the library in Rust panics where it cannot have its own."""
_NO_FILES = "Too many open files"
_RETRIES = {"max_retries": 4, "retry_timeout": timedelta(seconds=20)}


def open_bucket(url: str) -> "BucketStore":
    """Return the store at a URL; its credentials come from the environment. Raises `InputError`, `OSError`."""
    try:
        from obstore.exceptions import BaseError  # noqa: PLC0415  an extra, which only such a state needs
        from obstore.store import from_url  # noqa: PLC0415
    except ImportError as error:
        raise InputError(
            f"state {url} needs obstore, which is not installed: install reconciler with its extra `store`, "
            "as in `pip install 'reconciler[store] @ …'`"
        ) from error
    try:
        options: Any = {"client_options": _client_options(), "retry_config": _RETRIES}
        ensure_room(_FILES)
        objects = from_url(url, **options)
    except BaseError as error:
        raise InputError(f"state {url} cannot be opened: {_wrong(error, url)}") from error
    return BucketStore(url.rstrip("/"), objects)


def _client_options() -> dict[str, object]:
    """Return how requests are sent; options take the place of the library's own variable for plain HTTP."""
    return {"timeout": "20s", "connect_timeout": "5s", "allow_http": os.environ.get("AWS_ALLOW_HTTP") == "true"}


class BucketStore:
    """Objects of a bucket below a prefix."""

    folder = None

    def __init__(self, url: str, objects: "ObjectStore", prefix: str = "") -> None:
        self._url = url
        self._objects = objects
        self._prefix = prefix

    def place(self, name: str) -> str:
        """Return the URL of the object."""
        return f"{self._url}/{self._prefix}{name}"

    def below(self, part: str) -> "BucketStore":
        """Return the store of a longer prefix."""
        return BucketStore(self._url, self._objects, f"{self._prefix}{part}/")

    def read(self, name: str) -> Kept:
        """Return what an object holds."""
        import obstore  # noqa: PLC0415  see above

        with self._errors("read", name):
            try:
                result = obstore.get(self._objects, self._prefix + name)
                return Kept(bytes(result.bytes()), _mark(result.meta))
            except FileNotFoundError as error:
                self._check_bucket(error, name)
                return Kept(None)

    def write(self, name: str, data: bytes, *, over: Kept) -> Kept:
        """Write an object; raises `ChangedError` where another one is there than the one that was read."""
        import obstore  # noqa: PLC0415
        from obstore.exceptions import AlreadyExistsError, PreconditionError  # noqa: PLC0415

        mode: Any = "create" if over.data is None else over.version
        with self._errors("write", name):
            try:
                return Kept(data, _mark(obstore.put(self._objects, self._prefix + name, data, mode=mode)))
            except (AlreadyExistsError, PreconditionError) as error:
                now = self.read(name)
                if now.data == data:  # a first try arrived, and its answer did not
                    return now
                raise ChangedError(f"{self.place(name)} was changed by another run") from error

    def put(self, name: str, data: bytes) -> None:
        """Write an object that no other run writes."""
        import obstore  # noqa: PLC0415

        with self._errors("write", name):
            obstore.put(self._objects, self._prefix + name, data)

    def remove(self, names: list[str]) -> None:
        """Remove objects."""
        import obstore  # noqa: PLC0415

        with self._errors("remove", names[0]):
            obstore.delete(self._objects, [self._prefix + name for name in names])

    def names(self) -> list[str]:
        """Return the names of the objects."""
        return sorted(name for name in self.sizes() if "/" not in name)

    def sizes(self) -> dict[str, int]:
        """Return the sizes of all objects by name, those with a `/` included."""
        import obstore  # noqa: PLC0415

        with self._errors("list", ""):
            found = [item for page in obstore.list(self._objects, self._prefix or None) for item in page]
        return {item["path"].removeprefix(self._prefix): item["size"] for item in found}

    def verify(self, name: str) -> None:
        """Raise `StateError` where a condition on a write of what is there does not hold."""
        try:
            self.write(name, b"{}", over=Kept(None))
        except ChangedError:
            return
        raise StateError(
            f"{self._url} writes over what is there although it was asked not to (If-None-Match), so two runs could "
            "hold one lease; use a store that honours conditional writes"
        )

    @contextmanager
    def _errors(self, doing: str, name: str) -> Iterator[None]:
        from obstore.exceptions import BaseError  # noqa: PLC0415

        try:
            yield
        except (BaseError, OSError) as error:
            raise StateError(f"cannot {doing} {self.place(name)}: {_wrong(error, self._url)}") from error

    def _check_bucket(self, error: Exception, name: str) -> None:
        if "NoSuchBucket" in str(error):
            raise StateError(f"cannot read {self.place(name)}: there is no such bucket; make it, or name another")


def _mark(meta: Any) -> dict[str, str]:  # noqa: ANN401  two kinds of mappings
    """Return what a version of an object is known by."""
    return {key: meta[key] for key in ("e_tag", "version") if meta.get(key)}


def _why(error: Exception) -> str:
    """Return a few words of our own: the library's text may quote an address with a signature, or a whole page."""
    text = str(error)
    if found := _CODE.search(text):
        return found["code"]
    if found := _STATUS.search(text):
        return f"the store answers with {found['status']}"
    if "169.254.169.254" in text or "MissingAccount" in text or "credential" in text.casefold():
        return "no credentials were found"
    return "the store cannot be reached"


def _wrong(error: Exception, url: str) -> str:
    """Return what is wrong and what would be right."""
    if "BadScheme" in str(error):
        return "AWS_ENDPOINT_URL is plain HTTP; write https://, or set AWS_ALLOW_HTTP=true"
    if _NO_FILES in str(error) or lacks_files(error):
        return f"{NO_MORE_FILES}; {MORE_FILES}"
    variable = _VARIABLES[url.partition("://")[0]]
    return f"{_why(error)}; check the network, the bucket and its credentials ({variable} and its kin)"
