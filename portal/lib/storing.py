"""Write a few files to the private storage together: all of them stay, or none."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from django.core.files.base import File
from django.core.files.storage import default_storage


class Stored:
    """
    Files written to the private storage, taken away again unless the block succeeds.

    ``names`` says where each went: ``<room>/<ab>/<token>/<label><ending>``.
    """

    def __init__(
        self, files: Mapping[str, File[bytes]], *, room: str, token: str, ending: str = ""
    ) -> None:
        self._files, self._ending = files, ending
        self._folder = f"{room}/{token[:2]}/{token}"
        self.names: dict[str, str] = {}

    def __enter__(self) -> Stored:
        try:
            for label, file in self._files.items():
                path = f"{self._folder}/{label}{self._ending}"
                self.names[label] = default_storage.save(path, file)
        except BaseException:
            self.drop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        if kind is not None:
            self.drop()

    def drop(self) -> None:
        """Take the files away."""
        for name in self.names.values():
            with contextlib.suppress(OSError):
                default_storage.delete(name)
