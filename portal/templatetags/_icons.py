"""The icons: paths on a 24 by 24 grid, drawn with the current colour."""

from __future__ import annotations

PATHS: dict[str, str] = {
    "alert": '<path d="M12 4 2.8 20h18.4z"/><path d="M12 10v4.5M12 17.3v.2"/>',
    "arrow": '<path d="M4.5 12h15M13.5 6l6 6-6 6"/>',
    "back": '<path d="M19.5 12h-15M10.5 6l-6 6 6 6"/>',
    "bell": '<path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5h4"/>',
    "box": '<path d="M12 3 4 7v10l8 4 8-4V7z"/><path d="m4 7 8 4 8-4M12 11v10M8 5l8 4"/>',
    "camera": '<path d="M4 8h3.5L9 5.5h6L16.5 8H20v11H4z"/><circle cx="12" cy="13.2" r="3.5"/>',
    "check": '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
    "clock": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7.2V12l3.2 2"/>',
    "copy": '<rect x="8" y="8" width="12" height="12" rx="1.5"/><path d="M16 8V4H4v12h4"/>',
    "cross": '<path d="m6 6 12 12M18 6 6 18"/>',
    "customs": '<path d="M5 20V9.5h14V20M3.5 9.5 12 4l8.5 5.5M9 20v-6h6v6M3.5 20h17"/>',
    "doc": '<path d="M6 3.5h8l4.5 4.5v12.5H6zM14 3.5V8h4.5"/>',
    "globe": (
        '<circle cx="12" cy="12" r="8.5"/>'
        '<path d="M3.5 12h17M12 3.5c3.2 2.5 3.2 14.5 0 17M12 3.5c-3.2 2.5-3.2 14.5 0 17"/>'
    ),
    "house": '<path d="m3.5 11.5 8.5-7 8.5 7M6 9.8V19.5h12V9.8M10 19.5v-5h4v5"/>',
    "hub": '<path d="M3 20V9l9-5 9 5v11M7 20v-7h10v7M7 16.5h10"/>',
    "image": (
        '<rect x="3.5" y="5" width="17" height="14" rx="1.5"/>'
        '<path d="m4 16.5 5-5 4 4 2.5-2.5 4.5 4.5"/><circle cx="15.5" cy="9.3" r="1.3"/>'
    ),
    "info": '<circle cx="12" cy="12" r="8.5"/><path d="M12 11.2v5M12 7.8v.2"/>',
    "key": '<circle cx="8" cy="15.5" r="4"/><path d="m11 12.7 8.5-8.5M16 7.7l2.8 2.8"/>',
    "letter": '<rect x="3.5" y="5.5" width="17" height="13" rx="1"/><path d="m4 6.5 8 6.5 8-6.5"/>',
    "lock": '<rect x="5" y="11" width="14" height="9" rx="1.5"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>',  # noqa: E501
    "minus": '<path d="M5.5 12h13"/>',
    "money": (
        '<circle cx="12" cy="12" r="8.5"/><path d="M14.8 9.2c-.5-1-1.5-1.5-2.8-1.5-1.7 0-2.9.8-2.9 '
        '2.1 0 3 6 1.4 6 4.4 0 1.3-1.3 2.1-3.1 2.1-1.5 0-2.6-.6-3.1-1.7M12 6v12"/>'
    ),
    "next": '<path d="m9 5.5 6.5 6.5L9 18.5"/>',
    "pencil": '<path d="M4 20l1-4.5L16.5 4l3.5 3.5L8.5 19zM14.5 6l3.5 3.5"/>',
    "person": '<circle cx="12" cy="8.5" r="4"/><path d="M4 20.5c.8-4 4-6 8-6s7.2 2 8 6"/>',
    "pin": '<path d="M12 21c-5-6-6.5-8.5-6.5-11.2a6.5 6.5 0 0 1 13 0C18.5 12.5 17 15 12 21z"/><circle cx="12" cy="9.8" r="2.3"/>',  # noqa: E501
    "quiet": '<path d="M4 12h1.5M9 12h1.5M13.5 12H15M18.5 12H20"/>',
    "refresh": '<path d="M19.5 12a7.5 7.5 0 1 1-2.4-5.5M19.5 3.5v4h-4"/>',
    "return": '<path d="M4 9h11a4.5 4.5 0 0 1 0 9H9M8 5 4 9l4 4"/>',
    "scale": '<path d="M12 4v16M7 20h10M5 7h14M5 7l-2.5 6.5h5zM19 7l-2.5 6.5h5z"/>',
    "search": '<circle cx="11" cy="11" r="6.5"/><path d="m16 16 4.5 4.5"/>',
    "shop": '<path d="M4 10v10h16V10M3 10l2-6h14l2 6c-1.5 2.4-4.5 2.4-6 0-1.5 2.4-4.5 2.4-6 0-1.5 2.4-4.5 2.4-6 0M10 20v-5h4v5"/>',  # noqa: E501
    "trash": '<path d="M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7"/>',
    "truck": (
        '<path d="M2.5 6h11v10.5h-11zM13.5 10h4l4 3.5v3h-8z"/>'
        '<circle cx="7" cy="17.5" r="1.9"/><circle cx="17.5" cy="17.5" r="1.9"/>'
    ),
    "weather": (
        '<path d="M20.5 5.5C16 3.5 8 4.5 6.5 10.5c-1 4.5 2.5 7 5.5 7s5.5-2 5.5-5-2.4-5-5-5-4.5 '
        '2-4.5 4M3.5 18.5c4.5 2 12.5 1 14-5"/>'
    ),
}
