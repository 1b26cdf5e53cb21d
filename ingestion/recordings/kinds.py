"""What a file that holds no JSON seems to be, by its first bytes."""

from dataclasses import dataclass

SIZE = 4096  # bytes that tell
_UNPACK = "Unpack it, and replay what comes out"
_NOT_TEXT = "Name a file of the platform's payloads: JSON lines, or one JSON document"
_MAGIC: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"\x1f\x8b", "a gzip file inside another packed one", _UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard file inside another packed one", _UNPACK),
    (0, b"BZh", "a bzip2 file", _UNPACK),
    (0, b"\xfd7zXZ\x00", "an xz file", _UNPACK),
    (0, b"\x04\x22\x4d\x18", "an lz4 file", _UNPACK),
    (0, b"PK\x03\x04", "a zip file, or a document of an office program", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip file", _UNPACK),
    (0, b"Rar!\x1a\x07", "a RAR file", _UNPACK),
    (257, b"ustar", "a tar file", _UNPACK),
    (0, b"\x89PNG", "a picture (PNG)", _NOT_TEXT),
    (0, b"\xff\xd8\xff", "a picture (JPEG)", _NOT_TEXT),
    (0, b"GIF8", "a picture (GIF)", _NOT_TEXT),
    (8, b"WEBP", "a picture (WebP)", _NOT_TEXT),
    (0, b"II*\x00", "a picture (TIFF)", _NOT_TEXT),
    (0, b"MM\x00*", "a picture (TIFF)", _NOT_TEXT),
    (4, b"ftyp", "a video or a picture (MP4, HEIC)", _NOT_TEXT),
    (0, b"%PDF", "a PDF document", _NOT_TEXT),
    (0, b"PAR1", "a Parquet file", "Write its rows as JSON lines first"),
    (0, b"ORC", "an ORC file", "Write its rows as JSON lines first"),
    (0, b"Obj\x01", "an Avro file", "Write its records as JSON lines first"),
    (0, b"SQLite format 3", "a SQLite database", "Write its rows as JSON lines first"),
    (0, b"\x7fELF", "a program", _NOT_TEXT),
)
_BOMS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_TAGS = (("<?xml", "XML"), ("<!doctype html", "a web page"), ("<html", "a web page"))
_WRONG = "\ufffd"
_MOSTLY = 0.3  # of all bytes; text in UTF-16 has at least one NUL for each Latin letter or sign
_CELLS = 2  # separators in a row of a table


@dataclass(frozen=True, slots=True)
class Kind:
    """What it seems to be, and what to do."""

    name: str
    remedy: str


def kind_of(beginning: bytes) -> Kind:
    """Return what a file seems to be that is no JSON, by its first `SIZE` bytes."""
    if kind := kind_by_mark(beginning):
        return kind
    if encoding := _wide_encoding(beginning):
        return Kind(
            f"text in {encoding}", f"Convert it: iconv -f {encoding} -t UTF-8 FILE > NEW_FILE"
        )
    text = beginning.decode("utf-8", "replace")
    wrong = text[:-1].count(_WRONG)  # the last letter may be cut off
    if "\x00" in text or wrong > _MOSTLY * len(text) / 3:
        return Kind("something that is no text, as pictures and programs are", _NOT_TEXT)
    if wrong:
        return Kind(
            "text in another encoding than UTF-8",
            "Convert it: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW_FILE",
        )
    return _kind_of_text(text)


def kind_by_mark(beginning: bytes) -> Kind | None:
    """Return the kind of file whose mark stands in the first bytes; None where there is none."""
    for at, magic, name, remedy in _MAGIC:
        if beginning[at:].startswith(magic):
            return Kind(name, remedy)
    return None


def _wide_encoding(data: bytes) -> str | None:
    """Return an encoding with several bytes for each letter; None where it is none."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding
    quarters = [data[start::4].count(0) / max(1, len(data[start::4])) for start in range(4)]
    filled = [share > _MOSTLY for share in quarters]
    if filled in ([False, True, True, True], [True, True, True, False]):
        return "UTF-32"
    if filled == [False, True, False, True]:
        return "UTF-16LE"
    if filled == [True, False, True, False]:
        return "UTF-16BE"
    return None


def _kind_of_text(text: str) -> Kind:
    beginning = text.lstrip("\ufeff \t\r\n")
    for tag, name in _TAGS:
        if beginning.lower().startswith(tag):
            return Kind(name, _NOT_TEXT)
    header = beginning.partition("\n")[0]
    is_table = any(header.count(sign) >= _CELLS for sign in ",;\t") and "{" not in header
    if is_table:
        return Kind("a table (CSV)", "Write its rows as JSON lines first")
    return Kind("plain text", _NOT_TEXT)
