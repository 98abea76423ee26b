#!/usr/bin/env python3
"""Writes the seed files of the fuzzers that read what networks and foreign stores say. Standard
library only; the same bytes on every run."""

import pathlib

HERE = pathlib.Path(__file__).parent


def write(target, name, data):
    folder = HERE / target
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def urls():
    """An address, a line end, and a link to be resolved against it."""
    pairs = {
        "plain": ("https://host.example/a/b?c=d#e", "../x/./y"),
        "login": ("http://ann:p%40w@host.example:8080/x/", "https://other.example/z"),
        "ipv6": ("http://[2001:db8::1]:81/", "//[::1]/g?y#s"),
        "ipv4": ("http://127.0.0.1", "?q"),
        "utf8": ("https://host.example/\u00e9\u4e2d", "\u00fc?\u00df"),
        "escapes": ("https://host.example/%2e%2E/%41", "%2e%2e/%zz"),
        "file": ("file:///etc/passwd", "file://localhost/a%20b"),
        "odd-host": ("http://0x7f.1/", "http://a..b/"),
        "odd-port": ("http://a:65536/", "http://a:/"),
        "control": ("http://a/\r\nHost: b", "x\ty"),
    }
    for name, (base, link) in pairs.items():
        write("url_fuzz", name, f"{base}\n{link}")


urls()
