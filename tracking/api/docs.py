"""The API's own description, for people and for generators."""

from __future__ import annotations

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView


class Schema(SpectacularAPIView):
    """Give the OpenAPI document to anyone; it holds no data."""

    authentication_classes = []
    permission_classes = []


class Page(SpectacularSwaggerSplitView):
    """Show the document as a page; its script comes from our own static files."""

    authentication_classes = []
    permission_classes = []
    url_name = "api-schema"


# Swagger UI sets style attributes from its script; nothing else is relaxed.
page = csp_update({"style-src": [SELF, UNSAFE_INLINE]})(Page.as_view())
