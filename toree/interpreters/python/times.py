"""Moments: Python's datetime to and from the crossing form's nanoseconds."""

from __future__ import annotations

import datetime as dt
import sys

from ... import wire

_EPOCH = dt.datetime(1970, 1, 1)


def timestamp(value: dt.datetime, nanosecond: int = 0) -> wire.Timestamp:
    zone = None
    if value.tzinfo is not None:
        zone = _zone(value)
        value = value.astimezone(dt.timezone.utc).replace(tzinfo=None)
    since = value.replace(tzinfo=None, fold=0) - _EPOCH
    micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return wire.Timestamp(micros * 1000 + nanosecond, zone)


def _zone(value: dt.datetime) -> str:
    zone = value.tzinfo
    name = getattr(zone, "key", None) or getattr(zone, "zone", None)
    if zone is dt.timezone.utc or name in ("UTC", "Etc/UTC"):
        return "UTC"
    if name:
        return str(name)
    offset = value.utcoffset() or dt.timedelta()
    if not offset:
        return "UTC"
    if offset % dt.timedelta(minutes=1):
        raise TypeError("a time zone whose offset is not in whole minutes")
    minutes = abs(offset) // dt.timedelta(minutes=1)
    return f"{'-' if offset < dt.timedelta() else '+'}{minutes // 60:02}:{minutes % 60:02}"


def datetime(value: wire.Timestamp) -> dt.datetime:
    micros, rest = divmod(value.nanos, 1000)
    try:
        naive = _EPOCH + dt.timedelta(microseconds=micros)
    except OverflowError:
        raise TypeError("a timestamp outside the years 1 to 9999") from None
    stamp = naive if value.zone is None else _in_zone(naive, value.zone)
    if rest:
        pd = sys.modules.get("pandas")
        if pd is not None:  # its Timestamp is a datetime that has nanoseconds
            return pd.Timestamp(stamp) + pd.Timedelta(rest, "ns")  # type: ignore[no-any-return]
    return stamp


def _in_zone(naive: dt.datetime, zone: str) -> dt.datetime:
    utc = naive.replace(tzinfo=dt.timezone.utc)
    if zone == "UTC":
        return utc
    if zone[0] in "+-":
        hours, minutes = int(zone[1:3]), int(zone[4:6] or 0)
        offset = dt.timedelta(hours=hours, minutes=minutes)
        return utc.astimezone(dt.timezone(-offset if zone[0] == "-" else offset))
    import zoneinfo

    try:
        return utc.astimezone(zoneinfo.ZoneInfo(zone))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise TypeError(
            f"a timestamp in the time zone {zone}, which Python does not know"
        ) from error
