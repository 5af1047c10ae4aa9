/** As far as browsers have it (not in TypeScript's library). */
interface Detector {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}
interface DetectorClass {
  new (options: { formats: string[] }): Detector;
  getSupportedFormats(): Promise<string[]>;
}

/** Looks at the picture of a camera once: the text of a QR code in it, if one is found. */
export type Reader = (video: HTMLVideoElement) => Promise<string | undefined>;

/** The longer side of what our own reader looks at, in pixels: enough for a label at arm's length. */
const SIDE = 800;

/** The browser's reader, or ours where the browser has none, as on most tablets without Google's services. */
export async function reader(): Promise<Reader> {
  const Class = (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
  const formats = await Class?.getSupportedFormats().catch((): string[] => []);
  if (Class && formats?.includes("qr_code")) {
    const detector = new Class({ formats: ["qr_code"] });
    return async (video) => (await detector.detect(video).catch(() => []))[0]?.rawValue;
  }
  const { default: decode } = await import("qr/decode.js");
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    const scale = Math.min(1, SIDE / Math.max(video.videoWidth, video.videoHeight, 1));
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    if (!pen || canvas.width === 0) return undefined;
    pen.drawImage(video, 0, 0, canvas.width, canvas.height);
    try {
      return decode(pen.getImageData(0, 0, canvas.width, canvas.height));
    } catch {
      // Nothing in this picture, or nothing that can be read.
      return undefined;
    }
  };
}
