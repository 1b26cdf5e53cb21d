"""Files in volumes of docker-compose.yml."""

from pathlib import Path

OWNERS = 0o400
ANYBODYS = 0o444


def write_whole(file: Path, text: str, mode: int = OWNERS) -> Path:
    """Write whole or not at all, since a run may be killed; return the file."""
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="ascii")
    draft.chmod(mode)
    return draft.rename(file)
