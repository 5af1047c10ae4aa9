import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Problem } from "../../shared/api/problem";
import { t } from "../../shared/words";
import { queue, sentence } from "../state";
import type { Photo } from "../store/queue";
import type { Entry } from "./entry";
import { picture } from "./picture";

interface Props {
  entry: Entry;
  /** Photos of this place of a task alone. */
  stand?: number;
}

/** The photos of what is being entered, and two ways to more of them. A photo that is shown is kept already. */
export function Shots({ entry, stand }: Props) {
  const error = useSignal("");
  const busy = useSignal(false);
  const photos = entry.draft.value.photos.filter((photo) => photo.stand === stand);
  const name = stand === undefined ? "photo" : `photo-${stand}`;

  async function add(input: HTMLInputElement) {
    busy.value = true;
    error.value = "";
    try {
      for (const taken of input.files ?? []) await entry.add(await picture(taken), stand);
    } catch (failure) {
      error.value = why(failure);
    } finally {
      busy.value = false;
      input.value = "";
    }
  }

  const choose = (id: string, label: string, camera: boolean) => (
    <>
      <input id={id} class="sr" type="file" accept="image/*" {...(camera ? { capture: "environment" } : { multiple: true })} disabled={busy.value} onChange={(e) => void add(e.currentTarget)} />
      <label class="button big" for={id}>{label}</label>
    </>
  );
  return (
    <>
      <div class="shots">
        {photos.map((photo) => <Thumb key={photo.sha256} photo={photo} remove={() => void entry.remove(photo.sha256)} />)}
        {choose(name, t("sighting.photo"), true)}
        {choose(`${name}-album`, t("sighting.album"), false)}
      </div>
      {error.value && <p class="problem" role="alert">{error.value}</p>}
    </>
  );
}

/** A picture that cannot be read is one thing, a tablet that is full another. */
function why(failure: unknown): string {
  if (failure instanceof Problem) return failure.sentence;
  const isFull = failure instanceof Error && failure.name === "QuotaExceededError";
  return isFull ? t("store.photofull") : failure instanceof DOMException && failure.name === "InvalidStateError" ? t("sighting.badphoto") : sentence(failure);
}

function Thumb({ photo: { sha256, type }, remove }: { photo: Photo; remove: () => void }) {
  const url = useSignal("");
  useEffect(() => {
    let made = "";
    void queue.bytes(sha256).then((bytes) => {
      if (bytes) url.value = made = URL.createObjectURL(new Blob([bytes], { type }));
    });
    return () => URL.revokeObjectURL(made);
  }, []);
  return (
    <span class="shot">
      {url.value && <img class="thumb" src={url.value} alt={t("sighting.aphoto")} />}
      <button type="button" class="remove" aria-label={t("sighting.removephoto")} onClick={remove}>×</button>
    </span>
  );
}
