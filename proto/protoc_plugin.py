"""Lets buf use the generators that grpcio-tools carries inside its protoc: `protoc_plugin.py python`.

buf speaks to plugins by a CodeGeneratorRequest on standard input; this hands its descriptors to the
bundled protoc and answers with the files that protoc wrote.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2
from google.protobuf.compiler import plugin_pb2
from grpc_tools import protoc


def main(generator: str) -> None:
    """Answers one request of buf with the files of one generator."""
    request = plugin_pb2.CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    response = plugin_pb2.CodeGeneratorResponse(
        supported_features=plugin_pb2.CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
    )
    with tempfile.TemporaryDirectory() as folder:
        image, out = Path(folder, "image.binpb"), Path(folder, "out")
        out.mkdir()
        image.write_bytes(descriptor_pb2.FileDescriptorSet(file=request.proto_file).SerializeToString())
        arguments = [f"--descriptor_set_in={image}", f"--{generator}_out={out}", *request.file_to_generate]
        if protoc.main(["protoc", *arguments]) != 0:
            raise SystemExit(f"protoc could not run its {generator} generator")
        for path in sorted(p for p in out.rglob("*") if p.is_file()):
            response.file.add(name=str(path.relative_to(out)), content=path.read_text())
    sys.stdout.buffer.write(response.SerializeToString())


if __name__ == "__main__":
    main(sys.argv[1])
