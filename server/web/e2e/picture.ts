import { createHash } from "node:crypto";
import { crc32, deflateSync } from "node:zlib";

function chunk(kind: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(kind, "latin1"), body]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}

/** A PNG that every program can draw: sky over a field, its shade told apart by a number. */
export function picture(shade: number, width = 160, height = 120): { bytes: Buffer; sha256: string } {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const rows = Array.from({ length: height }, (_, y) => {
    const colour = y < height / 2 ? [150, 190, 230] : [90, 130 + (shade % 100), 60];
    return Buffer.from([0, ...Array.from({ length: width }, () => colour).flat()]);
  });
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const bytes = Buffer.concat([
    signature, chunk("IHDR", head), chunk("IDAT", deflateSync(Buffer.concat(rows))), chunk("IEND", Buffer.alloc(0)),
  ]);
  return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}
