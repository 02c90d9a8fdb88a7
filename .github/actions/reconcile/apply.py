"""`command: apply`: add and update what the specs declare, and keep the receipt."""

from settings import Settings
from tool import api_url, call, targets


def apply(settings: Settings) -> int:
    """Return the tool's exit code; the receipt is kept whatever it is."""
    folder = settings.folder
    summary = folder / "summary.md"
    limit = [f"--max-minutes={settings.max_minutes}"] if settings.max_minutes else []
    written = [f"--receipt={folder / 'receipt.json'}", f"--write=summary={summary}"]
    ran = call(settings, "apply", api_url(settings), "--yes", "--format=github", *targets(settings), *limit, *written)
    if summary.exists():
        settings.summarise(summary.read_text(encoding="utf-8"))
    return ran.code
