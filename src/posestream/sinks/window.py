"""Show frames in a window, with nothing but what comes with Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from posestream.errors import MissingDependencyError, SinkError
from posestream.types import Frame

if TYPE_CHECKING:
    import tkinter

_SHARE_OF_SCREEN = 0.8


class WindowSink:
    """A window that shows the latest frame; closing it, or pressing Escape or q, asks for the end.

    Use it from one thread, on macOS the main one.

    Args:
        title: What stands above the picture.
        on_closed: Called once when the user closes the window.

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
        self._on_closed = on_closed
        self._label = tkinter.Label(self._root, borderwidth=0)
        self._label.pack()
        self._root.title(title)
        self._root.protocol("WM_DELETE_WINDOW", self._closed_by_user)
        for key in ("<Escape>", "q"):
            self._root.bind(key, lambda _: self._closed_by_user())

    def write(self, frame: Frame) -> None:
        """Show a frame, shrunk to fit the screen; does nothing once the window is closed."""
        if self._root is None:
            return
        width, height = self._fit(*frame.image.size)
        pixels = frame.image.resized_rgb(width, height)
        data = b"P6 %d %d 255\n" % (width, height) + pixels.tobytes()
        picture = self._tkinter.PhotoImage(master=self._root, data=data, format="PPM")
        self._label.configure(image=picture)
        self._picture = picture  # Tk keeps no reference; without this one it would vanish
        self._root.update()

    def close(self) -> None:
        """Close the window; may be called twice."""
        if self._root is not None:
            root, self._root = self._root, None
            root.destroy()

    def _closed_by_user(self) -> None:
        self.close()
        self._on_closed()

    def _fit(self, width: int, height: int) -> tuple[int, int]:
        assert self._root is not None
        room = (self._root.winfo_screenwidth(), self._root.winfo_screenheight())
        scale = _SHARE_OF_SCREEN * min(room[0] / width, room[1] / height)
        scale = min(1.0, scale)
        return max(1, round(width * scale)), max(1, round(height * scale))
