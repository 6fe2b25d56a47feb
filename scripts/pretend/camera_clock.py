"""The camera's own clock, which may be wrong: every time that ONVIF tells or checks is read here."""
from datetime import datetime, timedelta, timezone


class CameraClock:
    def __init__(self, offset_seconds):
        self._offset = timedelta(seconds=offset_seconds)

    def now(self):
        return datetime.now(timezone.utc) + self._offset

    def text(self, at=None):
        """As xs:dateTime in UTC, to the millisecond."""
        return (at or self.now()).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def seconds_until(self, text):
        """Of an xs:dateTime; None when it is none. Without a zone it is UTC."""
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return None
        return ((at if at.tzinfo else at.replace(tzinfo=timezone.utc)) - self.now()).total_seconds()
