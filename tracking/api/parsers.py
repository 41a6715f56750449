"""Read JSON that a stranger may have built to hurt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from portal.lib.bodies import is_deeper
from tracking.api.problems import TooLarge


class CarefulJSONParser(BaseParser):
    """Parse JSON of bounded size and depth; NaN, Infinity and broken characters are no JSON."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """
        Return the parsed value.

        :raises ParseError: if it is no JSON or nests too deep.
        :raises TooLarge: if it is longer than the limit.
        """
        limit = settings.API_MAX_BYTES
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise TooLarge(f"The body is larger than {limit} bytes. Send fewer parcels at a time.")
        if is_deeper(body, settings.WEBHOOK_MAX_DEPTH):
            raise ParseError(f"The JSON nests deeper than {settings.WEBHOOK_MAX_DEPTH} levels.")
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(
                f"The body is not valid JSON: {error.msg} (line {error.lineno},"
                f" column {error.colno})."
            ) from None
