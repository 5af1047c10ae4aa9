import { sha256 } from "../../shared/api/evidence";

/** What the server takes in one piece, in bytes. */
const LARGEST = 20 * 1024 * 1024;
/** The longer side of a picture that had to be made smaller, in pixels. */
const SIDE = 1600;

/** A photo as it will be stored and sent. */
export interface Picture {
  sha256: string;
  bytes: ArrayBuffer;
  type: "image/jpeg" | "image/webp";
}

/** Takes a photo as the camera made it; what the server does not take as it is becomes a smaller JPEG. */
export async function picture(file: File): Promise<Picture> {
  const asIs = file.type === "image/jpeg" || file.type === "image/webp";
  const blob = asIs && file.size <= LARGEST ? file : await smaller(file);
  const bytes = await blob.arrayBuffer();
  return { sha256: await sha256(bytes), bytes, type: blob.type === "image/webp" ? "image/webp" : "image/jpeg" };
}

async function smaller(file: File): Promise<Blob> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/jpeg", 0.85);
  });
}
