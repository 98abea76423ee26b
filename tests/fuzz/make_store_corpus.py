#!/usr/bin/env python3
"""Writes the seed files of the fuzzers that read what networks and foreign stores say. Standard
library only; the same bytes on every run."""

import json
import pathlib
import struct
import zlib

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


def indexes():
    """Pages of a package index, and pip.conf files."""
    digest = "a" * 64
    wheel = "some_package-1.0-py3-none-any.whl"
    write("index_fuzz", "html", f"""<!DOCTYPE html><html><body><h1>Links</h1>
<a href="../../p/{wheel}#sha256={digest}" data-requires-python="&gt;=3.9">{wheel}</a><br/>
<a data-yanked='why' href='https://files.example/{wheel}?a=1&amp;b=2'>x</a>
<!-- <a href="x"> --><A HREF = some%5Fpackage-1.0-cp311-cp311-linux_x86_64.whl>x</A>
</body></html>""")
    files = [
        {"filename": wheel, "url": f"/p/{wheel}", "hashes": {"sha256": digest}, "yanked": False, "size": 5},
        {"filename": "some-package-1.0.tar.gz", "url": "x.tar.gz", "hashes": {}, "yanked": "why"},
    ]
    write("index_fuzz", "json", json.dumps({"meta": {"api-version": "1.1"}, "name": "x", "files": files}))
    write("index_fuzz", "evil", '<a href="file:///etc/passwd"><a href="..%2f..%2fx.whl"><a href=&#47;&#x2e;.')
    write("index_fuzz", "pip", "[global]\nindex-url = https://a.example/\nfind-links =\n  /a\n  /b\n"
          "# c\n[install]\nno-index: yes\n")


def zip_archive(name, content, deflated=True, zip64=False, claim=None):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(content) + packer.flush() if deflated else content
    size = len(content) if claim is None else claim
    method = 8 if deflated else 0
    common = struct.pack("<HHHIIIIHH", 20, 0, method, 0, zlib.crc32(content), len(packed), size, len(name), 0)
    out = b"PK\3\4" + common + name + packed
    at = len(out)
    extra, sizes, offset = b"", (len(packed), size), 0
    if zip64:
        extra = struct.pack("<HHQQQ", 1, 24, size, len(packed), 0)
        sizes, offset = (0xFFFFFFFF, 0xFFFFFFFF), 0xFFFFFFFF
    entry = b"PK\1\2" + struct.pack("<HHHHIIIIHHHHHII", 20, 20, 0, method, 0, zlib.crc32(content), *sizes,
                                     len(name), len(extra), 0, 0, 0, 0, offset) + name + extra
    out += entry
    if zip64:
        record = len(out)
        out += b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1, 1, len(entry), at)
        out += b"PK\6\7" + struct.pack("<IQI", 0, record, 1)
        return out + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return out + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), at, 0)


def zips():
    text = b"the same again and again, " * 40
    write("zip_fuzz", "deflated", zip_archive(b"m", text))
    write("zip_fuzz", "stored", zip_archive(b"m", text[:50], deflated=False))
    write("zip_fuzz", "zip64", zip_archive(b"m", text, zip64=True))
    write("zip_fuzz", "bomb", zip_archive(b"m", bytes(2_000_000)))
    write("zip_fuzz", "liar", zip_archive(b"m", text, claim=4_000_000_000))
    write("zip_fuzz", "cut", zip_archive(b"m", text)[:-30])


def manifests():
    files = [{"path": "a/model.gguf", "bytes": 12, "sha256": "b" * 64}]
    manifest = {"linnet_manifest": 1, "name": "m", "requested": "hf:a/b", "source": "hf:a/b", "pinned": True,
                "pulled_at": 1, "licence": "MIT", "architecture": "llama", "parameters": "1M", "files": files}
    write("manifest_fuzz", "manifest", json.dumps(manifest))
    write("manifest_fuzz", "escape", json.dumps(dict(manifest, name="../m")))
    model = {"name": "m", "files": files, "sources": ["https://h.example/x/", "pypi:p==1.0/x/"]}
    write("manifest_fuzz", "catalog", json.dumps({"linnet_catalog": 1, "models": [model]}))
    for name, text in {
        "pypi": "pypi:some-package==1.0/folder/model.gguf",
        "hub": "hf:owner/repository@main/model.gguf",
        "web": "https://u:p@h.example/m.gguf#sha256=" + "c" * 64,
        "file": "file:///tmp/a%20b.gguf",
    }.items():
        write("manifest_fuzz", name, text)


def ollama():
    """Manifests of Ollama's store; the digests of some are paths."""
    kind = "application/vnd.ollama.image."
    for name, digest in {"good": "sha256:" + "d" * 64, "dash": "sha256-" + "D" * 64,
                         "path": "sha256:../../../../etc/passwd"}.items():
        layers = [{"mediaType": kind + "template", "digest": "sha256:" + "e" * 64, "size": 3},
                  {"mediaType": kind + "model", "digest": digest, "size": 1234}]
        write("ollama_fuzz", name, json.dumps({"schemaVersion": 2, "config": {}, "layers": layers}))


ollama()
urls()
indexes()
zips()
manifests()
