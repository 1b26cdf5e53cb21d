"""Provide the run's images: ours, built for real, and stand-ins for those of others."""

import os
import shutil
import tempfile
from pathlib import Path

from tests.compose.engine import call, has_image, say

ROOT = Path(__file__).resolve().parents[2]
STANDINS = Path(__file__).with_name("standins")
JARS = {"kafka": "broker", "s3proxy": "s3proxy"}  # of the checkout, checked by `make setup`
LEFT_OUT = {
    "grafana": "Debian has no Grafana to build a stand-in from",
    "proxy": "tests/browser/test_proxy.py runs its configuration, without containers",
}


def build_ours(name: str) -> None:
    """Build our image by our Dockerfile from the checkout."""
    say(f"{name}: built by deploy/Dockerfile")
    _build(name, ROOT, "-f", str(ROOT / "deploy/Dockerfile"))


def build_standins(images: set[str]) -> list[str]:
    """Build stand-ins for images that the engine lacks, and return their names."""
    made = []
    for image in sorted(images):
        if has_image(image):
            say(f"{image}: the engine has it, so that it is used as it is")
            continue
        say(f"{image}: a stand-in is built from the same software")
        _build_standin(image)
        made.append(image)
    return made


def _build_standin(image: str) -> None:
    kind = image.partition(":")[0].rpartition("/")[2]
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder) / kind
        shutil.copytree(STANDINS / kind, context)
        if kind in JARS:
            shutil.copytree(ROOT / "jars" / JARS[kind], context / "jars")
        _build(image, context)


def _build(name: str, context: Path, *more: str) -> None:
    # Use the older builder, because Debian's engine has no other.
    call(
        "docker",
        "build",
        "-q",
        "-t",
        name,
        *more,
        str(context),
        env=os.environ | {"DOCKER_BUILDKIT": "0"},
    )
