#!/usr/bin/env python3
"""Reads golden.csv with another decoder and other ciphers than the Rust ones.

Needs cbor2 and cryptography; `check.sh` brings both. SM4-CCM is put together here from the block cipher, as a firmware would.
"""

import csv
import io
import pathlib
import sys

import cbor2
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, ChaCha20Poly1305

UP, DOWN = bytes(range(0, 32)), bytes(range(32, 64))
ADDRESSEE = cbor2.dumps([40123, 0x12345678])


def items(sequence: bytes) -> list:
    stream, found = io.BytesIO(sequence), []
    while stream.tell() < len(sequence):
        found.append(cbor2.load(stream))
    return found


def notation(value) -> str:
    """Diagnostic notation as the vectors have it."""
    if isinstance(value, list):
        return "[" + ", ".join(map(notation, value)) + "]"
    if isinstance(value, bytes):
        return "h'" + value.hex(" ") + "'"
    if isinstance(value, str):
        return '"' + value + '"'
    return {"None": "null", "True": "true", "False": "false"}.get(str(value), str(value))


def sm4_ccm_open(key: bytes, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
    """CCM (RFC 3610) with L = 3 and a tag of 8 bytes."""
    block = Cipher(algorithms.SM4(key), modes.ECB()).encryptor().update
    text, tag = sealed[:-8], sealed[-8:]
    xor = lambda a, b: bytes(x ^ y for x, y in zip(a, b))
    pad = lambda b: b + bytes(-len(b) % 16)
    stream = b"".join(block(b"\x02" + nonce + i.to_bytes(3, "big")) for i in range(len(text) // 16 + 2))
    plain = xor(text, stream[16:])
    mac = block(bytes([64 + 8 * 3 + 2]) + nonce + len(plain).to_bytes(3, "big"))
    blocks = pad(len(aad).to_bytes(2, "big") + aad) + pad(plain)
    for at in range(0, len(blocks), 16):
        mac = block(xor(mac, blocks[at : at + 16]))
    if xor(mac[:8], stream) != tag:
        raise ValueError("SM4-CCM: the tag does not match")
    return plain


def opened(frame: bytes, is_up: bool) -> bytes:
    head = cbor2.loads(frame)
    suite, epoch, counter, sealed = head[0], head[-3], head[-2], head[-1]
    string = cbor2.dumps(sealed)
    assert frame.endswith(string), "the sealed bytes come last, with the shortest head"
    aad = frame[: -len(string)] + (b"" if is_up else ADDRESSEE)
    nonce = epoch.to_bytes(4, "big") + bytes(4) + counter.to_bytes(4, "big")
    key = UP if is_up else DOWN
    if suite == 1:
        return sm4_ccm_open(key[:16], nonce, sealed, aad)
    if suite == 2:
        return AESCCM(key[:16], tag_length=8).decrypt(nonce, sealed, aad)
    return ChaCha20Poly1305(key).decrypt(nonce, sealed, aad)


def main() -> None:
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).with_name("golden.csv")
    rows = list(csv.DictReader(path.open(encoding="utf-8"), delimiter=";", quoting=csv.QUOTE_NONE))
    vectors = {row["name"]: bytes.fromhex(row["hex"]) for row in rows}
    for row in rows:
        data = vectors[row["name"]]
        assert "".join(map(notation, items(data))) == row["diagnostic"], row["name"]
        assert b"".join(map(cbor2.dumps, items(data))) == data, f"{row['name']}: not the shortest form"
        if row["rule"].endswith("-frame"):
            assert opened(data, row["rule"] == "uplink-frame") == vectors[row["name"] + " opened"], row["name"]
    assert rows, "no vectors"
    print(f"{len(rows)} vectors read, {sum(r['rule'].endswith('-frame') for r in rows)} frames opened")


if __name__ == "__main__":
    sys.exit(main())
