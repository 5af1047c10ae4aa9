import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { AgentRecord, SightingKind } from "../../../../edge-agent/hosts/tablet/js/agent.js";
import { Problem } from "../../shared/api/problem";
import { go, query } from "../../shared/route";
import { t } from "../../shared/words";
import { under } from "../fields/fields";
import { uuid7 } from "../patrol/ids";
import { KindChoice } from "../patrol/kinds";
import { picture, type Picture } from "../patrol/picture";
import { follow, here, noFix, type Fix } from "../position";
import { spaced } from "../scan/code";
import { file, going, parcels } from "../state";

/** Characters of a note: what fits a record, and a breath. */
const NOTE = 300;

/** What was seen: its kind, photos, the place, a few words. Stored as one, before anything is said to be saved. */
export function Sighting() {
  const kind = useSignal<SightingKind | undefined>(undefined);
  const note = useSignal("");
  const photos = useSignal<Picture[]>([]);
  const error = useSignal("");
  const busy = useSignal(false);
  useEffect(follow, []);
  const at = here();
  const parcel = query.value["parcel"] ?? under(parcels.value, at)?.code ?? undefined;

  async function add(files: FileList | null) {
    busy.value = true;
    error.value = "";
    try {
      for (const taken of files ?? []) {
        const made = await picture(taken);
        if (!photos.value.some((p) => p.sha256 === made.sha256)) photos.value = [...photos.value, made];
      }
    } catch (failure) {
      error.value = failure instanceof Problem ? failure.sentence : t("sighting.badphoto");
    } finally {
      busy.value = false;
    }
  }

  async function save() {
    if (!kind.value) {
      error.value = t("sighting.nokind");
      return;
    }
    busy.value = true;
    error.value = "";
    try {
      const seen = whatWasSeen(kind.value, note.value.trim(), parcel, at);
      await file([seen, ...photos.value.map((p) => referenceTo(p, seen.id, seen.at))], photos.value.map((p) => kept(p, seen.id)));
      go(going.value ? "/tablet/patrol" : "/tablet");
    } catch (failure) {
      error.value = (failure as Error).message;
    } finally {
      busy.value = false;
    }
  }

  return (
    <form
      class="sighting"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <h1>{t("patrol.sight")}</h1>
      <KindChoice value={kind.value} choose={(chosen) => (kind.value = chosen)} />
      <div class="shots">
        {photos.value.map((p) => <Thumb key={p.sha256} picture={p} />)}
        <label class="button big" for="photo">{t("sighting.photo")}</label>
        <input id="photo" class="sr" type="file" accept="image/*" capture="environment" multiple onChange={(e) => void add(e.currentTarget.files)} />
      </div>
      <p>
        {at ? t("sighting.at", { n: Math.round(at.accuracy) }) : noFix.value ? t("sighting.noplace") : t("sighting.locating")}
        {parcel && <><br />{t("sighting.parcel")} <span class="code">{spaced(parcel)}</span></>}
      </p>
      <label for="note">{t("sighting.note")}</label>
      <textarea id="note" maxLength={NOTE} value={note.value} onInput={(e) => (note.value = e.currentTarget.value)} />
      {error.value && <p class="problem" role="alert">{error.value}</p>}
      <button class="main huge" disabled={busy.value}>{t("app.save")}</button>
      <p><a href="/tablet/patrol">{t("app.cancel")}</a></p>
    </form>
  );
}

function Thumb({ picture: { bytes, type } }: { picture: Picture }) {
  const url = useSignal("");
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([bytes], { type }));
    url.value = made;
    return () => URL.revokeObjectURL(made);
  }, []);
  return url.value ? <img class="thumb" src={url.value} alt={t("sighting.aphoto")} /> : null;
}

type Seen = Extract<AgentRecord, { kind: "sighting" }>;

function whatWasSeen(sighting: SightingKind, note: string, parcel: string | undefined, at: Fix | undefined): Seen {
  const now = Date.now();
  const patrol = going.value?.id;
  return {
    kind: "sighting", at: Math.floor(now / 1000), id: uuid7(now), sighting,
    ...(patrol ? { patrol } : {}),
    ...(parcel ? { parcel } : {}),
    ...(at ? { position: { longitude: at.lon, latitude: at.lat, accuracy: Math.round(at.accuracy) } } : {}),
    ...(note ? { note } : {}),
  };
}

function referenceTo({ sha256, bytes, type }: Picture, subject: string, at: number): AgentRecord {
  return { kind: "evidence_reference", at, subject, sha256, length: bytes.byteLength, media: type === "image/webp" ? "webp" : "jpeg" };
}

function kept({ sha256, bytes, type }: Picture, subject: string) {
  return { photo: { sha256, size: bytes.byteLength, type, subject, takenAt: Date.now() }, bytes };
}
