"""Use the Docker engine that answers, or start our own and stop it afterwards."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PACKAGES = ("docker.io", "docker-compose", "debootstrap", "iptables")
BASE = "debian:bookworm-slim"
_BEGUN = time.monotonic()
_START_S = 60
_STOP_S = 60


def say(what: str) -> None:
    """Print a line with the seconds since the start."""
    sys.stdout.write(f"{time.monotonic() - _BEGUN:6.0f} s  {what}\n")
    sys.stdout.flush()


def call(*words: str, quiet: bool = True, timeout_s: float = 1800, **more) -> str:
    """Run a program to its end and return its output. Print the output if it fails."""
    done = subprocess.run(
        words, capture_output=quiet, text=True, check=False, timeout=timeout_s, **more
    )
    if done.returncode:
        sys.stderr.write(f"{done.stdout or ''}{done.stderr or ''}")
        raise SystemExit(f"test-compose: {' '.join(words)[:200]} ended with {done.returncode}")
    return done.stdout or ""


def answers() -> bool:
    """Tell whether a Docker engine answers."""
    words = ["docker", "version", "--format", "{{.Server.Version}}"]
    return (
        shutil.which("docker") is not None
        and not subprocess.run(words, capture_output=True, check=False).returncode
    )


@contextmanager
def engine(folder: Path) -> Iterator[bool]:
    """Keep an engine running; yield True if it is our own.

    Its data is in a folder that the next run finds again.
    """
    if answers():
        say("an engine answers: it is used, and left as it is but for what this run makes")
        yield False
        return
    if os.geteuid():
        raise SystemExit("test-compose: no Docker engine answers, and only root can start one")
    _install()
    folder.mkdir(parents=True, exist_ok=True)
    rules = call("iptables-save")
    socket = folder / "docker.sock"
    pid_file = folder / "docker.pid"
    pid_file.unlink(missing_ok=True)
    words = ["dockerd", "--host", f"unix://{socket}", "--data-root", str(folder / "data")]
    words += ["--exec-root", str(folder / "exec"), "--pidfile", str(pid_file)]
    words += ["--default-ulimit", "nofile=16384:16384"]
    with (folder / "dockerd.log").open("ab") as log:
        daemon = subprocess.Popen(
            words, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
    try:
        os.environ["DOCKER_HOST"] = f"unix://{socket}"
        _await_answer(daemon, folder)
        say("an engine was started")
        yield True
    finally:
        daemon.terminate()
        with suppress(subprocess.TimeoutExpired):
            daemon.wait(_STOP_S)
        daemon.kill()
        daemon.wait()
        call("iptables-restore", input=rules)
        subprocess.run(["ip", "link", "delete", "docker0"], capture_output=True, check=False)
        say("the engine was stopped, its rules of the firewall taken back")


def _install() -> None:
    if all(
        shutil.which(program)
        for program in ("dockerd", "docker-compose", "debootstrap", "iptables-save")
    ):
        return
    say(f"installing {', '.join(PACKAGES)}")
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    call("apt-get", "update", "-qq")
    call("apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES, env=quiet)


def _await_answer(daemon: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + _START_S
    while not answers():
        if daemon.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(
                f"test-compose: the engine did not start; {folder}/dockerd.log says why"
            )
        time.sleep(0.5)


def has_image(name: str) -> bool:
    """Tell whether the engine has an image of this name."""
    return not subprocess.run(
        ["docker", "image", "inspect", name], capture_output=True, check=False
    ).returncode


def base_image(folder: Path) -> bool:
    """Build the base of all images from Debian's packages. Return False if the engine has it."""
    if has_image(BASE):
        return False
    say(f"{BASE}: made by debootstrap")
    root = folder / "rootfs"
    shutil.rmtree(root, ignore_errors=True)
    call("debootstrap", "--variant=minbase", "bookworm", str(root), *_mirror())
    # The build must trust the certificates of this machine too, such as those of a company's proxy.
    own = Path("/usr/local/share/ca-certificates")
    if own.is_dir():
        shutil.copytree(own, root / "usr/local/share/ca-certificates", dirs_exist_ok=True)
    (root / "etc/pip.conf").write_text(
        "[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n", encoding="ascii"
    )
    shutil.rmtree(root / "var/cache/apt/archives")
    archive = folder / "rootfs.tar"
    call("tar", "-C", str(root), "-cf", str(archive), ".")
    call("docker", "import", str(archive), BASE)
    archive.unlink()
    shutil.rmtree(root)
    return True


def _mirror() -> list[str]:
    """Return this machine's package mirror if its release is the same.

    Without it, debootstrap chooses.
    """
    listed = call(
        "apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Created-By: Packages"
    )
    return [line.split()[1] for line in listed.splitlines() if line.split()[0] == "bookworm"][:1]
