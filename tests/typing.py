"""Types that tests share, each said once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # What the test client answers has no public name: the client adds to it as it comes by.
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer
else:
    from django.http.response import HttpResponseBase as Answer

__all__ = ["Answer"]
