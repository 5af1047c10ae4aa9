import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { AgentRecord } from "../../../../edge-agent/hosts/tablet/js/agent.js";
import { go, query } from "../../shared/route";
import { t } from "../../shared/words";
import { under } from "../fields/fields";
import { KindChoice } from "../patrol/kinds";
import { Place } from "../patrol/Place";
import { Shots } from "../patrol/Shots";
import { follow, here } from "../position";
import { entering, file, giveUp, going, parcels } from "../state";
import type { Draft } from "../store/drafts";
import type { Photo } from "../store/queue";

/** Characters of a note: what fits a record, and a breath. */
const NOTE = 300;

/** What was seen: its kind, photos, the place, a few words. Stored as one, before anything is said to be saved. */
export function Sighting() {
  const error = useSignal("");
  const busy = useSignal(false);
  const entry = useMemo(() => entering("sighting"), []);
  const draft = entry.draft.value;
  const at = here();
  useEffect(follow, []);
  useEffect(() => {
    if (at) entry.stand(at);
  }, [at?.at]);
  useEffect(() => {
    const scanned = query.value["parcel"];
    if (scanned && !entry.isBegun) entry.change({ parcel: scanned });
  }, []);
  const back = () => go(going.value ? "/tablet/patrol" : "/tablet");

  async function save() {
    if (!draft.kind) {
      error.value = t("sighting.nokind");
      return;
    }
    busy.value = true;
    error.value = "";
    try {
      await entry.end((whole) => {
        const seen = whatWasSeen(whole);
        const photos = whole.photos.map(({ stand: _, ...photo }) => photo);
        return file([seen, ...photos.map((photo) => referenceTo(photo, seen.at))], photos.map((photo) => ({ photo })), whole.key);
      });
      back();
    } catch (failure) {
      error.value = (failure as Error).message;
    } finally {
      busy.value = false;
    }
  }

  async function drop() {
    if (entry.isBegun && !confirm(t("draft.sure"))) return;
    await entry.end(giveUp);
    back();
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
      <KindChoice value={draft.kind} choose={(kind) => entry.change({ kind })} />
      <Shots entry={entry} />
      <Place entry={entry} />
      <label for="note">{t("sighting.note")}</label>
      <textarea id="note" maxLength={NOTE} value={draft.note} onInput={(e) => entry.change({ note: e.currentTarget.value })} />
      {error.value && <p class="problem" role="alert">{error.value}</p>}
      <button class="main huge" disabled={busy.value}>{t("app.save")}</button>
      <p class="row two">
        <a class="button big" href={going.value ? "/tablet/patrol" : "/tablet"}>{t("draft.later")}</a>
        <button type="button" class="big" disabled={busy.value} onClick={() => void drop()}>{t("draft.drop")}</button>
      </p>
    </form>
  );
}

type Seen = Extract<AgentRecord, { kind: "sighting" }>;

/** The record of what was entered; a field that was not named is the one that the place lies in. */
function whatWasSeen({ id, begunAt, kind, note, patrol, parcel, fix, spot }: Draft): Seen {
  const at = spot ?? fix;
  const field = parcel ?? under(parcels.value, at)?.code ?? undefined;
  const words = note.trim();
  const accuracy = spot ? {} : { accuracy: Math.round(fix?.accuracy ?? 0) };
  return {
    kind: "sighting", at: Math.floor(begunAt / 1000), id, sighting: kind ?? "other",
    ...(patrol ? { patrol } : {}),
    ...(field ? { parcel: field } : {}),
    ...(at ? { position: { longitude: at.lon, latitude: at.lat, ...accuracy } } : {}),
    ...(words ? { note: words } : {}),
  };
}

function referenceTo({ sha256, size, type, subject }: Photo, at: number): AgentRecord {
  return { kind: "evidence_reference", at, subject, sha256, length: size, media: type === "image/webp" ? "webp" : "jpeg" };
}
