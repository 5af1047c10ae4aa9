import { answer, api } from "./client";
import { Problem } from "./problem";
import { t } from "../words";

/** SHA-256 in hex, which is a photo's name. */
export async function sha256(bytes: ArrayBuffer): Promise<string> {
  // Browsers hash only on pages that came over HTTPS or from this machine.
  if (!globalThis.crypto?.subtle) throw new Problem(0, "insecure", t("photo.insecure"), "");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Hands in photos; answers their names. One that the server has already is not sent into two places. */
export async function handIn(photos: readonly File[]): Promise<string[]> {
  const names: string[] = [];
  for (const photo of photos) {
    const bytes = await photo.arrayBuffer();
    const sha = await sha256(bytes);
    const type = photo.type || "application/octet-stream";
    await answer(
      api.PUT("/api/v1/evidence/{sha256}", {
        params: { path: { sha256: sha } },
        headers: { "content-type": type },
        body: bytes as never,
        bodySerializer: (body: unknown) => body as ArrayBuffer,
      }),
    );
    names.push(sha);
  }
  return names;
}
