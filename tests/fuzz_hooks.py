"""Bodies that are bytes already: the fuzzer knows how to send them only under the name of octet-stream."""

import schemathesis

schemathesis.serializer.alias(["application/cbor", "application/offset+octet-stream"], "application/octet-stream")
