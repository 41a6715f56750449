"""Keep the origin that photos are served from apart: it serves them and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

PHOTOS = "/media/"
HEALTH = "/livez"


class MediaHost:
    """
    Answer 404 to a photo on the main host and to all else on the photos' host.

    Nothing is asked of either while ``MEDIA_ORIGIN`` is empty. No cookie reaches the view.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, if the address belongs to this host."""
        if settings.MEDIA_HOST and request.path_info != HEALTH:
            try:
                host = request.get_host()
            except DisallowedHost:
                return HttpResponse(status=400)
            is_photo = request.path_info == PHOTOS
            if (host == settings.MEDIA_HOST) is not is_photo:
                return HttpResponse(status=404)
            if is_photo:
                request.COOKIES.clear()
        return self.get_response(request)
