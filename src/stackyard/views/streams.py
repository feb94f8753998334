"""A stream that a view can write to whatever happens at its other end."""

from __future__ import annotations

from typing import TextIO


class Stream:
    """Writes text and flushes. When the reader is gone (a closed pipe, a lost terminal) it goes quiet: showing an
    update must never stop it. Characters that the encoding lacks become question marks."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self.broken = False

    def write(self, text: str) -> None:
        """Write and flush `text`, or nothing once the reader is gone."""
        if self.broken:
            return
        try:
            self._stream.write(self._encodable(text))
            self._stream.flush()
        except (OSError, ValueError):  # ValueError: the stream was closed
            self.broken = True

    def fileno(self) -> int:
        """The descriptor behind it. Raises OSError when there is none."""
        return self._stream.fileno()

    def _encodable(self, text: str) -> str:
        if self._encoding.lower().replace("-", "") == "utf8":
            return text
        return text.encode(self._encoding, errors="replace").decode(self._encoding)
