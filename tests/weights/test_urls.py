import pytest

from colorkit.weights.urls import is_safe

HTTPS = "https://weights.example/a.pth"
HERE = "http://127.0.0.1:8080/a.pth"


@pytest.mark.parametrize(
    "url",
    [HTTPS, "https://a.example:8443/b/c?dl=1", HERE, "http://127.9.9.9/", "http://[::1]:80/a"],
)
def test_safe_addresses(url):
    """https, and plain http from this machine to itself."""
    assert is_safe(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://weights.example/a.pth",
        "http://127.0.0.1.evil.example/a.pth",
        "http://127.0.0.1@evil.example/a.pth",
        "http://127.0.0.1:80@evil.example/a.pth",
        "http://10.0.0.1/a.pth",
        "http://localhost/a.pth",
        "https:///a.pth",
        "https://user:word@weights.example/a.pth",
        "https://weights.example/a b",
        "HTTP://weights.example/a.pth",
        "ftp://weights.example/a.pth",
        "file:///etc/passwd",
        "//weights.example/a.pth",
        "a.pth",
        "",
        None,
        7,
    ],
)
def test_unsafe_addresses(url):
    """Whatever others could change on its way, and whatever is no address."""
    assert not is_safe(url)


@pytest.mark.parametrize(
    ("url", "origin", "safe"),
    [
        (HTTPS, HTTPS, True),
        (HTTPS, HERE, True),
        (HERE, HERE, True),
        (HERE, HTTPS, False),
        ("http://weights.example/a.pth", HERE, False),
    ],
)
def test_redirects_never_get_less_safe(url, origin, safe):
    """A server elsewhere cannot lead to plain http, not even to this machine."""
    assert is_safe(url, redirected_from=origin) == safe
