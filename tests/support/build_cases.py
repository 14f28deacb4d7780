"""Dockerfiles of every feature, a context for them, and a base image to build on."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

BASE = "example/box:1"
# A stage with files of all kinds and owners.
_MADE = (
    f"FROM {BASE} AS a\nRUN mkdir -p /s/t && echo 1 > /s/t/f && ln -s t /s/l && ln /s/t/f /s/h"
    " && ln -s t/f /s/lib.so && ln -s t/f /s/lib.so.1 && echo 2 > /s/su && chown -R 5:6 /s"
    " && chmod 2750 /s/t && chmod 6755 /s/su\n"
)
_JOE = "RUN echo joe:x:77:78:::/bin/sh >> /etc/passwd; echo joe:x:78: >> /etc/group"


@dataclass(frozen=True)
class Case:
    """A Dockerfile to be built with some words more."""

    name: str
    text: str
    words: tuple[str, ...] = ()
    ignore: str = ""


def _case(name: str, text: str, *words: str, ignore: str = "") -> Case:
    body = text if text.startswith(("FROM", "#")) or "\nFROM" in text else f"FROM {BASE}\n{text}"
    return Case(name, body + "\n", words, ignore)


CASES = (
    _case("env", "ENV A=1 B='two words' C=$A\nENV old form  value\nENV D=${A:-x}${N:-y}${A:+z}$C"),
    _case("env-again", "ENV A=1\nENV A=2 PATH=/bin:$PATH\nRUN echo $A $PATH > /env"),
    _case("env-special", 'ENV B=x\nENV E=$$A F=a$$ G=$$ H="$$B" I=$? J=${B}$! K=$-k L=$ '),
    _case("label", 'LABEL a=b "c d"="e f"\nLABEL z 1\nLABEL multi="one \\\ntwo" a=$HOME'),
    _case("label-option", "LABEL a=b", "--label", "x=y", "--label", "b=$HOME 'q'"),
    _case("maintainer", "MAINTAINER Me <me@example.org>\nUSER nobody\nENV A=1"),
    _case("workdir", "WORKDIR /a\nWORKDIR b/../c\nWORKDIR $NONE/d\nRUN pwd > out\nWORKDIR /etc"),
    _case(
        "user",
        f"{_JOE}\nUSER joe\nRUN id -u > /tmp/who; id -gn >> /tmp/who",
    ),
    _case("user-number", "USER 12:34\nRUN id -u > /tmp/who; id -g >> /tmp/who\nWORKDIR /mine"),
    _case("expose", "ENV P=99\nEXPOSE 80 443/tcp 53/udp $P 8000-8002\nEXPOSE 22"),
    _case("expose-least", "EXPOSE 0 0-1/udp"),
    _case("volume", 'VOLUME /data /etc/kept\nVOLUME ["/json dir"]\nRUN echo x > /data/lost; date'),
    _case("volume-copy", "COPY a.txt /data/\nVOLUME /data\nRUN rm /data/a.txt\nCOPY b.txt /data/"),
    _case("cmd", 'CMD echo $HOME\nCMD ["a", "b \\"c\\"", "<&>", "é"]'),
    _case("entrypoint", 'CMD ["lost"]\nENTRYPOINT ["/e", "f"]\nENTRYPOINT exec top -b'),
    _case("entrypoint-resets", f"FROM {BASE}\nENTRYPOINT /x"),
    _case("cmd-empty", "CMD []\nENTRYPOINT []"),
    _case("cmd-none", "ENTRYPOINT\nCMD"),
    _case("cmd-no-list", 'CMD ["a" "b"]\nENTRYPOINT [NaN]'),
    _case("shell", 'SHELL ["/bin/sh", "-ec"]\nRUN echo a > /a\nCMD b\nENV C=d\nENTRYPOINT e'),
    _case(
        "healthcheck", "HEALTHCHECK --interval=90s --timeout=1m30s --retries=3 CMD ls / || exit 1"
    ),
    _case("healthcheck-none", 'HEALTHCHECK --start-period=1h5s CMD ["ls"]\nHEALTHCHECK NONE'),
    _case(
        "healthcheck-times",
        "HEALTHCHECK --interval=.5s --timeout=+1.h0.5ms --retries=+3 CMD x\n"
        "HEALTHCHECK --interval=30s NONE",
    ),
    _case("stopsignal", "ARG S=SIGUSR1\nSTOPSIGNAL $S\nSTOPSIGNAL 9"),
    _case("stopsignal-number", "STOPSIGNAL RTMIN+3\nSTOPSIGNAL 99"),
    _case("onbuild", "ONBUILD RUN echo one > /one\nONBUILD COPY a.txt /onbuild/\nONBUILD ENV A=b"),
    _case(
        "args",
        "ARG V=1\nARG W\nARG X=$V.2\nRUN echo $V $W $X > /args\nENV V=env\nRUN echo $V > /v\n"
        "ARG W=3",
        *("--build-arg", "W=given", "--build-arg", "HTTP_PROXY=http://p"),
    ),
    _case(
        "args-before-from",
        "ARG TAG=1\nARG N=box\nFROM example/$N:${TAG}\nARG TAG\nRUN echo $TAG$N>/t",
    ),
    _case(
        "args-given",
        "ARG V=1\nARG W=x\nCOPY $W /w\nRUN echo $V > /v",
        "--build-arg",
        "V=2",
        "--build-arg",
        "W=a.txt",
    ),
    _case(
        "copy-file",
        "COPY a.txt /copied\nCOPY a.txt /into/\nCOPY a.txt /bin\nCOPY a.txt b.txt /two/",
    ),
    _case("copy-folder", "COPY dir /dest\nCOPY dir /etc\nCOPY dir/ other/\nCOPY . /all"),
    _case(
        "copy-modes", "COPY modes /modes\nCOPY modes/secret /deep/er/secret\nCOPY dir/run.sh /bin/"
    ),
    _case(
        "copy-workdir", "WORKDIR /app\nCOPY a.txt .\nCOPY dir sub\nCOPY b.txt ./\nCOPY b.txt ../up"
    ),
    _case(
        "copy-wildcards", "COPY *.txt /texts/\nCOPY d?r/* /in/\nCOPY [ab].txt /ab/\nCOPY di* /dirs/"
    ),
    _case(
        "copy-json", 'COPY ["with space.txt", "a.txt", "/sp ace/"]\nENV F=a.txt\nCOPY $F /$F.copy'
    ),
    _case(
        "copy-over",
        "RUN mkdir /d && echo old > /d/run.sh && ln -s d /l\nCOPY dir /d\nCOPY a.txt /l/run.sh",
    ),
    _case(
        "copy-over-links", "RUN mkdir /d && ln -s d /l && ln -s /d/x /f\nCOPY dir /l\nCOPY a.txt /f"
    ),
    _case(
        "copy-replaces", "RUN mkdir -p /d/deep/run && ln -s /etc /d/nest\nCOPY dir /d\nCOPY . /d"
    ),
    _case(
        "copy-links", "COPY links /links\nCOPY links/to-file /asked\nCOPY links/to-dir /asked-dir"
    ),
    _case(
        "copy-chown",
        f"{_JOE}\nCOPY --chown=joe:joe dir /joes\nCOPY --chown=7:8 a.txt /x/y/\n"
        "COPY --chown=9 dir /nine\nADD --chown=5:6 a.txt /five",
    ),
    _case(
        "copy-owners",
        f"{_MADE}FROM {BASE}\nCOPY --from=a /s /d\nCOPY --from=a /s/t/f /n/e/w\n"
        "COPY --from=a --chown=9:8 /s /own/ed/\nCOPY --from=a /s/* /star/\n"
        "RUN mkdir -m 700 /e && mkdir -m 700 /e/t\nCOPY --from=a /s /e",
    ),
    _case(
        "copy-wild-links",
        f"{_MADE}FROM {BASE}\nCOPY --from=a /s/lib* /lib/\nCOPY links/to* /w/\n"
        "COPY links/[t]o-file /w2",
    ),
    _case(
        "copy-hard-links",
        "COPY hard /h\nCOPY hard/a hard/b /two/\nCOPY hard/* /in/\nADD hard /ad\n"
        "COPY --chown=5:6 hard /given",
    ),
    _case(
        "copy-suid",
        "COPY suid /s\nCOPY suid/u /s2/\nCOPY --chown=0:0 suid /s3\nADD suid/locked /s4",
    ),
    _case("copy-dot", "COPY a.txt /t/.\nCOPY dir /u/.\nCOPY a.txt /etc/.\nCOPY a.txt /x/.."),
    _case("copy-empty-step", "COPY a.txt /a\nRUN true\nWORKDIR /etc\nRUN rm /a\nRUN : "),
    _case("add", "ADD a.txt /added/\nADD dir /dir/\nADD b.txt c\nADD *.txt /texts/"),
    _case(
        "add-tar",
        "ADD plain.tar /plain\nADD packed.tar.gz /gz/\nADD packed.tar.gz /\nADD no.tar /no/",
    ),
    _case(
        "add-tar-dotted",
        "RUN mkdir -m 711 /e\nADD dotted.tar /e\nADD dotted.tar /new/\nADD dotted.tar /tmp",
    ),
    _case(
        "add-tar-over-links",
        "RUN mkdir /y /real && ln -s /real /y/d && ln -s /nowhere /y/e && echo x > /y/in\n"
        "ADD dotted.tar /y\nADD plain.tar /y",
    ),
    _case(
        "add-tar-capability",
        f"FROM {BASE} AS a\nADD dotted.tar /s\nFROM {BASE}\nADD dotted.tar /\n"
        "COPY --from=a /s /d\nCOPY --from=a --chown=1:1 /s /given",
    ),
    _case("add-tar-kept", "COPY plain.tar /copied/\nADD --chown=3:4 plain.tar /owned/"),
    _case(
        "run",
        'RUN echo a > /a && mkdir -m 700 /b\nRUN ["sh", "-c", "echo $HOME > /c"]\nRUN rm /a\n'
        "RUN chmod +x /etc/passwd\nRUN echo 1 \\\n  # comment\n  2 \\\n\n 3 > /l",
    ),
    _case("run-links", "RUN echo 1 > /h && ln /h /i && ln -s h /j && mkfifo /p && mknod /n c 1 3"),
    _case(
        "run-replaces",
        "RUN mkdir /d && touch /d/a /d/b\nRUN rm -r /d && mkdir /d && touch /d/c\n"
        "RUN rm -r /d && ln -s etc /d",
    ),
    _case("run-quotes", 'RUN echo "a  b" \'c\' \\$HOME > /q\nRUN echo "tab\tx" > /t'),
    _case(
        "stages",
        f"FROM {BASE} AS one\nRUN echo 1 > /made\nWORKDIR /w\nFROM {BASE}\n"
        "COPY --from=one /made /from/\nCOPY --from=0 /etc /etc2\nCOPY --from=one made /again",
    ),
    _case(
        "stage-on-stage",
        f"FROM {BASE} AS a\nENV X=1\nRUN echo a > /a\nFROM a AS b\nRUN echo b > /b\n"
        "FROM a\nCOPY --from=b b /",
    ),
    _case(
        "stage-target",
        f"FROM {BASE} AS a\nRUN echo a > /a\nFROM a AS b\nRUN false\n",
        "--target",
        "a",
    ),
    _case("stage-image", f"FROM scratch\nCOPY --from={BASE} /etc/passwd /etc/\nCMD x"),
    _case("scratch", 'FROM scratch\nCOPY dir/run.sh /\nENTRYPOINT ["/run.sh"]'),
    _case("only-from", f"FROM {BASE}"),
    _case("ignore", "COPY . /c", ignore="*.txt\n!a.txt\ndir\n!dir/nest\n**/secret\n*.tar*\n"),
    _case("ignore-more", "COPY . /c", ignore="# c\n*\n!modes/*\n!di*/run.sh\n  links/to-file\n"),
    _case("escape", f"# escape=`\nFROM {BASE}\nRUN echo a `\n  b > /x\nENV W=C:\\dir\nLABEL a=`$x"),
    _case("wt-base", 'RUN cp -r /bin/busybox /bash\nCMD ["sh"]'),
    _case("wt-final", "COPY . /app\nRUN chmod +x /app/hello.sh\nCMD /app/hello.sh"),
    _case(
        "wt-layers",
        'LABEL org.opencontainers.image.authors="me"\nCOPY . /app\n'
        "RUN mkdir -p $HOME/.cache && echo big > $HOME/.cache/big && cp /app/a.txt /app/made\n"
        "RUN rm -r $HOME/.cache\nCMD python /app/app.py",
    ),
)


def make_context(folder: Path) -> Path:
    """A folder with files of all kinds, at times long past; ``folder``."""
    folder.mkdir(parents=True)
    texts = {
        "a.txt": "a",
        "b.txt": "bb",
        "with space.txt": "space",
        "hello.sh": "#!/bin/sh\necho hello",
        "dir/run.sh": "#!/bin/sh\nexit 0\n",
        "dir/nest/deep/er": "deep",
        "dir/.hidden": "h",
        "modes/secret": "s",
        "modes/open": "o",
        "no.tar": "this is no tar",
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)
    (folder / "dir" / "empty").mkdir()
    (folder / "links").mkdir()
    for name, target in {"to-file": "../a.txt", "to-dir": "../dir", "broken": "nowhere"}.items():
        (folder / "links" / name).symlink_to(target)
    for name, mode in {"modes/secret": 0o600, "modes/open": 0o666, "dir/run.sh": 0o755}.items():
        (folder / name).chmod(mode)
    for name, mode in {"u": 0o4755, "ug": 0o6755, "locked": 0o2745, "sticky": 0o1644}.items():
        (folder / "suid").mkdir(exist_ok=True)
        (folder / "suid" / name).write_text(name)
        (folder / "suid" / name).chmod(mode)
    (folder / "hard" / "deep").mkdir(parents=True)
    (folder / "hard" / "b").write_text("four")
    for name in ("a", "deep/c"):
        (folder / "hard" / name).hardlink_to(folder / "hard" / "b")
    (folder / "modes").chmod(0o700)
    (folder / "dir" / "nest").chmod(0o2775)
    _tar(folder / "plain.tar", "w")
    _tar(folder / "packed.tar.gz", "w:gz")
    _dotted_tar(folder / "dotted.tar")
    for path in (*folder.rglob("*"), folder):
        os.utime(path, (1_500_000_000, 1_500_000_000), follow_symlinks=False)
    return folder


def _tar(path: Path, how: str) -> None:
    with tarfile.open(path, how) as tar:  # type: ignore[call-overload]
        for name, mode in (("in", 0o750), ("in/deep", 0o755)):
            info = tarfile.TarInfo(name)
            info.type, info.mode, info.uid, info.gid = tarfile.DIRTYPE, mode, 11, 12
            tar.addfile(info)
        file = tarfile.TarInfo("in/file")
        file.size, file.mode, file.uid, file.gid, file.mtime = 4, 0o640, 21, 22, 1_400_000_000
        tar.addfile(file, io.BytesIO(b"data"))
        for name, kind, link in (
            ("in/soft", tarfile.SYMTYPE, "file"),
            ("in/hard", tarfile.LNKTYPE, "in/file"),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.uid = kind, link, 21
            tar.addfile(info)


def _dotted_tar(path: Path) -> None:
    """As `tar -C FOLDER -cf FILE .` makes it, with a way back and a file's capability."""
    with tarfile.open(path, "w") as tar:
        for name, mode in (("./", 0o700), ("./d", 0o750), ("./e", 0o755)):
            info = tarfile.TarInfo(name)
            info.type, info.mode, info.uid = tarfile.DIRTYPE, mode, 5
            tar.addfile(info)
        capability = bytes.fromhex("0100000200040000000000000000000000000000").decode("latin1")
        for name in ("./d/f", "d/../up"):
            file = tarfile.TarInfo(name)
            file.size, file.mode, file.uid, file.mtime = 4, 0o4755, 7, 1_400_000_000
            file.pax_headers = {"SCHILY.xattr.security.capability": capability}
            tar.addfile(file, io.BytesIO(b"data"))


def make_base(path: Path) -> Path:
    """The root file system of the base image as a tar: a static busybox and a few files."""
    busybox = shutil.which("busybox") or "/bin/busybox"
    names = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    with tarfile.open(path, "w") as tar:
        for name in ("bin", "etc", "root", "tmp", "home", "proc", "dev", "sys"):
            info = tarfile.TarInfo(name)
            info.type, info.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            tar.addfile(info)
        program = tarfile.TarInfo("bin/busybox")
        program.mode, program.size = 0o755, Path(busybox).stat().st_size
        with open(busybox, "rb") as content:
            tar.addfile(program, content)
        for name in names.stdout.split():
            info = tarfile.TarInfo(f"bin/{name}")
            info.type, info.linkname = tarfile.SYMTYPE, "busybox"
            if name != "busybox":
                tar.addfile(info)
        users = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n"
        groups = "root:x:0:\nnogroup:x:65534:\n"
        for name, text in (("etc/passwd", users), ("etc/group", groups)):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return path
