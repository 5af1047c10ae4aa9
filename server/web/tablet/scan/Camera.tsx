import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../../shared/words";
import { reader, type Reader } from "./reader";

/** Pause between two looks at the picture, in milliseconds. */
const LOOK = 250;

/** Reads QR codes with the camera; where there is none, nothing is offered. */
export function Camera({ found }: { found: (text: string) => void }) {
  const on = useSignal(false);
  const error = useSignal("");
  const video = useRef<HTMLVideoElement>(null);

  useEffect(() => {
    if (!on.value) return;
    let stream: MediaStream | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let gone = false;
    const look = async (read: Reader) => {
      const text = video.current && video.current.readyState >= 2 ? await read(video.current) : undefined;
      if (gone) return;
      if (text) {
        on.value = false;
        found(text);
      } else timer = setTimeout(() => void look(read), LOOK);
    };
    navigator.mediaDevices
      .getUserMedia({ video: { facingMode: "environment" } })
      .then(async (opened) => {
        stream = opened;
        if (gone || !video.current) return opened.getTracks().forEach((track) => track.stop());
        video.current.srcObject = opened;
        await video.current.play();
        await look(await reader());
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

  if (!navigator.mediaDevices) return null;
  return (
    <div class="camera">
      {on.value && <video ref={video} playsinline muted aria-label={t("scan.picture")} />}
      <button type="button" class="big" onClick={() => (on.value = !on.value)}>{on.value ? t("app.cancel") : t("scan.camera")}</button>
      {error.value && <p class="problem" role="alert">{error.value}</p>}
    </div>
  );
}
