import { writeFileSync } from "node:fs";
import encodeQR from "qr";

const [WIDTH, HEIGHT] = [640, 480];
/** Pixels of a module. */
const DOT = 6;

/** A film (Y4M) for Chromium's fake camera: somebody holds a label with this text still. */
export function film(text: string, path: string): void {
  const dots = encodeQR(text, "raw", { ecc: "medium", border: 4 });
  const luma = Buffer.alloc(WIDTH * HEIGHT, 200);
  const side = dots.length * DOT;
  const [left, top] = [Math.floor((WIDTH - side) / 2), Math.floor((HEIGHT - side) / 2)];
  dots.forEach((row, y) =>
    row.forEach((dark, x) => {
      for (let line = 0; line < DOT; line++) {
        const at = (top + y * DOT + line) * WIDTH + left + x * DOT;
        luma.fill(dark ? 30 : 230, at, at + DOT);
      }
    }),
  );
  const frame = [Buffer.from("FRAME\n"), luma, Buffer.alloc((WIDTH * HEIGHT) / 2, 128)];
  writeFileSync(path, Buffer.concat([Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420jpeg\n`), ...frame, ...frame]));
}
