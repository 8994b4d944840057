"""Rules of dental insurance: no SQL, no gRPC, no protobuf."""
