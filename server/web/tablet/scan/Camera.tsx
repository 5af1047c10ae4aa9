import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../../shared/words";

/** As far as browsers have it (not in TypeScript's library). */
interface Detector {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}
type DetectorClass = new (options: { formats: string[] }) => Detector;

/** Pause between two looks at the picture, in milliseconds. */
const LOOK = 250;

/** Reads QR codes with the camera, where the browser can; elsewhere nothing is offered. */
export function Camera({ found }: { found: (text: string) => void }) {
  const on = useSignal(false);
  const error = useSignal("");
  const video = useRef<HTMLVideoElement>(null);
  const Class = (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;

  useEffect(() => {
    if (!on.value || !Class) return;
    let stream: MediaStream | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let gone = false;
    const detector = new Class({ formats: ["qr_code"] });
    const look = async () => {
      const codes = video.current && video.current.readyState >= 2 ? await detector.detect(video.current).catch(() => []) : [];
      if (gone) return;
      if (codes[0]) {
        on.value = false;
        found(codes[0].rawValue);
      } else timer = setTimeout(() => void look(), LOOK);
    };
    navigator.mediaDevices
      .getUserMedia({ video: { facingMode: "environment" } })
      .then(async (opened) => {
        stream = opened;
        if (gone || !video.current) return opened.getTracks().forEach((track) => track.stop());
        video.current.srcObject = opened;
        await video.current.play();
        await look();
      })
      .catch(() => {
        on.value = false;
        error.value = t("scan.nocamera");
      });
    return () => {
      gone = true;
      clearTimeout(timer);
      stream?.getTracks().forEach((track) => track.stop());
    };
  }, [on.value]);

  if (!Class || !navigator.mediaDevices) return null;
  return (
    <div class="camera">
      {on.value && <video ref={video} playsinline muted aria-label={t("scan.picture")} />}
      <button type="button" class="big" onClick={() => (on.value = !on.value)}>{on.value ? t("app.cancel") : t("scan.camera")}</button>
      {error.value && <p class="problem" role="alert">{error.value}</p>}
    </div>
  );
}
