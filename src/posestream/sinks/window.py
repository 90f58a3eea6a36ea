"""Show frames in a window, with nothing but what comes with Python."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from posestream.errors import MissingDependencyError, SinkError
from posestream.types import Frame

if TYPE_CHECKING:
    import tkinter

_SHARE_OF_SCREEN = 0.8


class WindowSink:
    """A window that shows the latest frame; closing it, or pressing Escape or q, asks for the end.

    The thread that makes it, on macOS the main one, calls `pump` some 60 times a second. Frames may
    come from any thread, which never waits for the screen.

    Args:
        title: What stands above the picture.
        on_closed: Called once, inside `pump`, when the user closes the window.

    Raises:
        MissingDependencyError: If Python came without tkinter.
        SinkError: If there is no screen.
    """

    def __init__(self, title: str, *, on_closed: Callable[[], None]) -> None:
        try:
            import tkinter
        except ImportError:
            raise MissingDependencyError(
                "show: Python came without tkinter; on Debian: apt install python3-tk"
            ) from None
        try:
            self._root: tkinter.Tk | None = tkinter.Tk()
        except tkinter.TclError as error:
            raise SinkError(f"show: no window can be opened: {error}") from None
        self._tkinter = tkinter
        self._thread = threading.get_ident()
        self._on_closed = on_closed
        self._latest: Frame | None = None
        self._picture: tkinter.PhotoImage | None = None
        self._is_over = False
        self._label = tkinter.Label(self._root, borderwidth=0)
        self._label.pack()
        self._root.title(title)
        self._root.protocol("WM_DELETE_WINDOW", self._closed_by_user)
        for key in ("<Escape>", "q"):
            self._root.bind(key, lambda _: self._closed_by_user())

    def write(self, frame: Frame) -> None:
        """Keep a frame for `pump` to show, instead of one that was not shown yet; any thread."""
        self._latest = frame

    def pump(self) -> None:
        """Show the latest frame, shrunk to fit the screen, and answer the user.

        Does nothing once the window is closed. Only the thread that made the window may call it.
        """
        if self._is_over:
            self.close()
        if self._root is None:
            return
        frame, self._latest = self._latest, None
        if frame is not None:
            self._show(frame)
        self._root.update()

    def close(self) -> None:
        """Close the window; may be called twice, by another thread for the next `pump` to do."""
        self._is_over = True
        if self._root is not None and threading.get_ident() == self._thread:
            root, self._root, self._picture = self._root, None, None
            root.destroy()

    def _show(self, frame: Frame) -> None:
        width, height = self._fit(*frame.image.size)
        pixels = frame.image.resized_rgb(width, height)
        data = b"P6 %d %d 255\n" % (width, height) + pixels.tobytes()
        picture = self._tkinter.PhotoImage(master=self._root, data=data, format="PPM")
        self._label.configure(image=picture)
        self._picture = picture  # Tk keeps no reference; without this one it would vanish

    def _closed_by_user(self) -> None:
        self.close()
        self._on_closed()

    def _fit(self, width: int, height: int) -> tuple[int, int]:
        assert self._root is not None
        room = (self._root.winfo_screenwidth(), self._root.winfo_screenheight())
        scale = _SHARE_OF_SCREEN * min(room[0] / width, room[1] / height)
        scale = min(1.0, scale)
        return max(1, round(width * scale)), max(1, round(height * scale))
