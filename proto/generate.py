"""From the protos to everything derived from them: `make gen`, and `make check-gen` to compare.

Writes the Python stubs (clients/python/allowable) and the published image that later contracts are
compared with (proto/published.binpb). Lints, checks the format, and refuses a breaking change.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from google.protobuf import (
    descriptor_pb2,
    duration_pb2,
    field_mask_pb2,
    struct_pb2,
    timestamp_pb2,
)
from google.protobuf.descriptor import FileDescriptor

# protovalidate ships its options only inside this generated module; the version is pinned.
from protovalidate._gen.buf.validate import validate_pb

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
STUBS = Path("clients/python/allowable")
PUBLISHED = PROTO / "published.binpb"


def main() -> int:
    """Generates, or compares with `--check`; the exit status says whether all is current."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when out of date")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        image = build_image(work)
        buf("format", "proto", *(["--diff", "--exit-code"] if check else ["--write"]))
        buf("lint", str(image), *ours())
        if PUBLISHED.exists():
            buf("breaking", str(image), "--against", str(PUBLISHED), *ours())
        generate(strip_validation(image, work / "stubs.binpb"), work)
        if check:
            return compare(work, image)
        shutil.rmtree(ROOT / STUBS, ignore_errors=True)
        shutil.copytree(work / STUBS, ROOT / STUBS)
        PUBLISHED.write_bytes(without_source(image))
    return 0


def ours() -> list[str]:
    """Limits buf to our own files of an image."""
    return ["--path", "allowable"]


def build_image(work: Path) -> Path:
    """A self-contained descriptor image of our protos, comments included."""
    known = work / "known.binpb"
    known.write_bytes(validation_protos().SerializeToString())
    image = work / "image.binpb"
    site_packages = Path(descriptor_pb2.__file__).parents[2]
    files = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    run(
        [
            sys.executable, "-m", "grpc_tools.protoc", f"--descriptor_set_in={known}", "-I", str(PROTO),
            "-I", str(site_packages), "--include_imports", "--include_source_info", "-o", str(image), *files,
        ]
    )  # fmt: skip
    return image


def validation_protos() -> descriptor_pb2.FileDescriptorSet:
    """buf/validate/validate.proto and what it imports, out of the installed packages."""
    image = descriptor_pb2.FileDescriptorSet()
    for module in (descriptor_pb2, duration_pb2, field_mask_pb2, struct_pb2, timestamp_pb2):
        known: FileDescriptor = module.DESCRIPTOR
        known.CopyToProto(image.file.add())
    content = validate_pb._DESC.proto.to_binary()  # noqa: SLF001 - offered nowhere else
    image.file.append(descriptor_pb2.FileDescriptorProto.FromString(content))
    return image


def strip_validation(image: Path, target: Path) -> Path:
    """The image without the import of buf/validate, its options kept as bytes.

    protovalidate reads the options all the same, and neither server nor partner wheel has to carry
    another owner's `buf` package.
    """
    full = descriptor_pb2.FileDescriptorSet.FromString(image.read_bytes())
    stripped = descriptor_pb2.FileDescriptorSet()
    for file in full.file:
        if not file.name.startswith("buf/"):
            keep = [name for name in file.dependency if not name.startswith("buf/")]
            del file.dependency[:]
            file.dependency.extend(keep)
            stripped.file.append(file)
    target.write_bytes(stripped.SerializeToString())
    return target


def without_source(image: Path) -> bytes:
    """The image without comments, so that rewording one is no change of the contract."""
    full = descriptor_pb2.FileDescriptorSet.FromString(image.read_bytes())
    for file in full.file:
        file.ClearField("source_code_info")
    return full.SerializeToString(deterministic=True)


def generate(image: Path, work: Path) -> None:
    """Runs the plugins of buf.gen.yaml and makes the result importable packages."""
    buf("generate", str(image), "--template", "buf.gen.yaml", "--output", str(work), *ours())
    for folder in [work / STUBS, *(path for path in (work / STUBS).rglob("*") if path.is_dir())]:
        (folder / "__init__.py").write_text("")
    (work / STUBS / "py.typed").write_text("")


def compare(work: Path, image: Path) -> int:
    """Names what is out of date; 1 when something is."""
    stale = differing(filecmp.dircmp(work / STUBS, ROOT / STUBS, ignore=["__pycache__"]))
    if not PUBLISHED.exists() or PUBLISHED.read_bytes() != without_source(image):
        stale.append(str(PUBLISHED.relative_to(ROOT)))
    for name in stale:
        print(f"out of date: {name}; run `make gen` and commit the result", file=sys.stderr)
    return 1 if stale else 0


def differing(tree: filecmp.dircmp[str]) -> list[str]:
    """Paths that are missing, superfluous or different, at every depth."""
    here = [f"{tree.right}/{name}" for name in [*tree.left_only, *tree.right_only, *tree.diff_files]]
    return here + [name for sub in tree.subdirs.values() for name in differing(sub)]


def buf(*arguments: str) -> None:
    """Runs buf."""
    run(["buf", *arguments])


def run(command: list[str]) -> None:
    """Runs one tool of the virtual environment; its own message says what is wrong."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    if subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, check=False).returncode != 0:
        raise SystemExit(f"failed: {' '.join(command[:2])}")


if __name__ == "__main__":
    sys.exit(main())
