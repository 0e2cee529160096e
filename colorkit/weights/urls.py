"""Addresses that weights may come from."""

import re

_HTTPS = re.compile(r"https://[\w.-]+(:\d+)?/\S*")
_LOOPBACK = re.compile(r"http://(127(\.\d{1,3}){3}|\[::1\])(:\d+)?/\S*")


def is_safe(url: object, *, redirected_from: str | None = None) -> bool:
    """Whether nobody can change what is fetched there on its way.

    Parameters
    ----------
    url : object
        ``https://`` is safe; so is ``http://`` from this machine to itself: 127.0.0.1 or [::1].
    redirected_from : str, optional
        The address that leads there; then ``http://`` is safe only if that is this machine, too.
    """
    if not isinstance(url, str):
        return False
    inside = redirected_from is None or _LOOPBACK.fullmatch(redirected_from) is not None
    return _HTTPS.fullmatch(url) is not None or (inside and _LOOPBACK.fullmatch(url) is not None)
