"""`five-layers`: every kind of change that a layer can make to the ones below."""

from __future__ import annotations

import tarfile

from sample_images.archives import Image
from sample_images.contents import noise, package_record, program, text
from sample_images.layer_tar import LayerTar
from sample_images.steps import Step, image, plain

_DATABASE = noise("database", 192_000)
_MAIN = b'import sys\n\nif __name__ == "__main__":\n    sys.exit("nothing to do")\n'
_NOT_UTF8 = "caf\udce9.txt"  # `café` in Latin-1
_UNUSUAL = (
    _NOT_UTF8,
    "-rf",
    " leading and trailing ",
    "two\nlines",
    "tab\tand bell\a",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "back\\slash",
    "quote'\"`$(id)",
    "*?[glob]",
    "emoji 🐳",
    "日本語",
    "e\u0301 combining",
    "right-to-left \u202etxt.exe",
    "zero\u200bwidth",
    "...",
    "255-" + "n" * 251,
)
_DEEP = "/".join(f"folder-{depth:02}" for depth in range(40))


def make() -> Image:
    """The image, layers stored plain."""
    steps = (
        plain("/bin/sh -c #(nop) ADD file:rootfs.tar.gz in / ", _base()),
        Step('/bin/sh -c #(nop)  CMD ["sh"]'),
        plain("RUN /bin/sh -c apt-get install -y example # buildkit", _installed()),
        Step("LABEL org.opencontainers.image.title=five-layers"),
        plain("COPY . /app # buildkit", _copied()),
        plain(
            "RUN /bin/sh -c chmod 600 /var/lib/example/data.db && chown -R 1000:1000 /app "
            "&& touch /etc/motd # buildkit",
            _metadata(),
        ),
        plain(
            "RUN /bin/sh -c rm -rf /usr/share/doc/* /var/cache/example && ./reorganise # buildkit",
            _removed(),
        ),
        Step("VOLUME [/var/lib/example]"),
        Step("EXPOSE map[8080/tcp:{}]"),
        Step('CMD ["python3" "/app/main.py"]'),
    )
    return image("example/five-layers:latest", steps, _RUNTIME)


_RUNTIME = {
    "Cmd": ["python3", "/app/main.py"],
    "Env": ["PATH=/usr/local/bin:/usr/bin", "EXAMPLE_HOME=/var/lib/example"],
    "ExposedPorts": {"8080/tcp": {}},
    "Labels": {"org.opencontainers.image.title": "five-layers"},
    "User": "1000",
    "Volumes": {"/var/lib/example": {}},
    "WorkingDir": "/app",
}


def _base() -> LayerTar:
    layer = LayerTar(day=0)
    layer.symlink("bin", "usr/bin").symlink("lib", "usr/lib")
    layer.folders("dev", "etc", "etc/ssl", "etc/ssl/certs", "home", "run", "srv", "usr", "usr/bin")
    layer.folders("root", mode=0o700).folders("tmp", mode=0o1777)
    layer.device("dev/null", tarfile.CHRTYPE, 1, 3).device("dev/loop0", tarfile.BLKTYPE, 7, 0)
    layer.fifo("run/initctl")
    layer.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/app:/bin/sh\n")
    layer.file("etc/group", b"root:x:0:\napp:x:1000:\n").file("etc/hostname", b"sample\n")
    layer.file("etc/motd", b"Welcome.\n").file("etc/profile", b"umask 022\n")
    layer.file("etc/shadow", b"root:*:19000:0:99999:7:::\n", mode=0o640, owner=42)
    for name in ("alpha", "beta", "gamma"):
        layer.file(f"etc/ssl/certs/{name}.pem", text(name, 1200))
        layer.symlink(f"etc/ssl/certs/{name}.0", f"{name}.pem")
    layer.file("usr/bin/sh", program("sh", 24_000), mode=0o755)
    layer.file("usr/bin/perl5.36.0", program("perl", 18_000), mode=0o755)
    layer.hardlink("usr/bin/perl", "usr/bin/perl5.36.0")
    layer.file("usr/bin/su", program("su", 6_000), mode=0o4755)
    layer.folders("usr/lib", "usr/share", "usr/share/doc", "usr/share/doc/base")
    layer.file("usr/lib/libexample.so.1.2", program("lib", 30_000))
    layer.symlink("usr/lib/libexample.so.1", "libexample.so.1.2")
    layer.symlink("usr/lib/libexample.so", "libexample.so.1")
    layer.file("usr/share/doc/base/README", text("readme", 4_000))
    layer.file("usr/share/doc/base/copyright", text("copyright", 6_000))
    layer.folders("var", "var/cache", "var/lib", "var/lib/dpkg", "var/log")
    return layer.file("var/lib/dpkg/status", package_record("base", 90))


def _installed() -> LayerTar:
    layer = LayerTar(day=2).folders("etc", "etc/example", "usr", "usr/bin")
    layer.file("etc/example/example.conf", b"listen = 127.0.0.1:8080\nworkers = 4\n")
    layer.file("usr/bin/example", program("example", 40_000), mode=0o755)
    capability = "\x01\x00\x00\x02\x00 \x00\x00" + "\x00" * 12  # cap_net_raw=ep
    xattrs = {"security.capability": capability}
    layer.file("usr/bin/ping", program("ping", 9_000), mode=0o755, xattrs=xattrs)
    layer.folders("usr/share", "usr/share/example", "usr/share/example/templates")
    for name in ("index", "about", "error"):
        layer.file(f"usr/share/example/templates/{name}.html", text(name, 2_500))
    layer.folders("var", "var/cache", "var/cache/example", "var/lib", "var/lib/dpkg")
    layer.file("var/cache/example/example.deb", noise("deb", 60_000))
    status = package_record("base", 90) + package_record("example", 310)
    layer.file("var/lib/dpkg/status", status)
    layer.folders("var/lib/example").file("var/lib/example/data.db", _DATABASE)
    return layer.folders("var/log").file("var/log/dpkg.log", text("log", 3_000))


def _copied() -> LayerTar:
    layer = LayerTar(day=4).folders("app", "app/names", "app/static", "etc", "etc/example")
    layer.file("app/main.py", _MAIN).file("app/empty")
    layer.file("app/static/logo.png", b"\x89PNG\r\n\x1a\n" + noise("logo", 5_000))
    layer.file("app/static/style.css", text("style", 1_800))
    for number, name in enumerate(_UNUSUAL):
        layer.file(f"app/names/{name}", f"{number}\n".encode())
    layer.symlink("app/names/to \udcff", _NOT_UTF8)
    layer.symlink("app/dangling", "nowhere/at/all").symlink("app/absolute", "/etc/passwd")
    layer.symlink("app/upwards", "../../../../etc/shadow")
    layer.symlink("app/loop-a", "loop-b").symlink("app/loop-b", "loop-a")
    layer.file(f"app/{_DEEP}/file", b"its parents have no entries\n")
    # As long as before: only the content tells them apart.
    return layer.file("etc/example/example.conf", b"listen = 0.0.0.0:80\nworkers = 4096 \n")


def _metadata() -> LayerTar:
    layer = LayerTar(day=5).folders("app", owner=1000)
    layer.file("app/main.py", _MAIN, owner=1000)
    layer.folders("etc").file("etc/motd", b"Welcome.\n")
    layer.folders("usr", "usr/bin").file("usr/bin/ping", program("ping", 9_000), mode=0o755)
    layer.folders("var", "var/lib").folders("var/lib/example", mode=0o750)
    return layer.file("var/lib/example/data.db", _DATABASE, mode=0o600)


def _removed() -> LayerTar:
    layer = LayerTar(day=6).folders("app", owner=1000)
    layer.file("app/static", b"was a folder\n")
    layer.removed("app/dangling", f"app/names/{_NOT_UTF8}")
    layer.folders("etc", "etc/profile").file("etc/profile/10-was-a-file.sh", b"umask 077\n")
    layer.removed("etc/hostname").file("etc/ssl/certs/alpha.0", b"was a symlink\n")
    layer.folders("usr", "usr/bin").removed("usr/bin/perl")
    layer.folders("usr/share", "usr/share/doc").removed("usr/share/doc/base")
    layer.folders("usr/share/example", "usr/share/example/templates")
    layer.opaque("usr/share/example/templates")
    layer.file("usr/share/example/templates/only.html", text("only", 900))
    layer.folders("var", "var/cache").removed("var/cache/example")
    return layer.folders("srv").file("srv/report.txt", text("report", 5_000))
