"""Durations in a form that people read."""


def format_milliseconds(value: float) -> str:
    """Format a duration in milliseconds: ``8.4 ms``, ``120 ms``, ``2.3 s``."""
    if value >= 1000:
        return f"{value / 1000:.1f} s"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"
