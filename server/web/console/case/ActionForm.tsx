import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { handIn } from "../../shared/api/evidence";
import { answer, api } from "../../shared/api/client";
import type { CaseFieldAsked, May, Region, Whole } from "../../shared/api/schema";
import { useThing } from "../../shared/pages";
import { day } from "../../shared/time";
import { Trouble } from "../../shared/ui/Trouble";
import { language, t } from "../../shared/words";
import { decisions } from "../office";
import { filled } from "./plan";

interface Props {
  whole: Whole;
  may: May;
  title: string;
  close: () => void;
}

/** What an action asks for: fields, words, photos. Escape goes back. */
export function ActionForm({ whole, may, title, close }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const busy = useSignal(false);
  const error = useSignal<unknown>(undefined);
  useEffect(() => form.current?.querySelector<HTMLElement>("select, input, textarea")?.focus(), []);

  async function submit(event: Event) {
    event.preventDefault();
    const data = new FormData(form.current!);
    const photos = data.getAll("photos").filter((p): p is File => p instanceof File && p.size > 0);
    busy.value = true;
    error.value = undefined;
    try {
      const names = await handIn(photos);
      decisions.decide(whole.id, whole.version, filled(may, data, names));
      close();
    } catch (failure) {
      error.value = failure;
    } finally {
      busy.value = false;
    }
  }

  return (
    <form ref={form} class="note" onSubmit={(e) => void submit(e)} onKeyDown={(e) => e.key === "Escape" && close()}>
      <h3>{title}</h3>
      {may.fields.map((field) => <Asked key={field.name} field={field} whole={whole} />)}
      <label for="f-words">{t("case.say")}</label>
      <textarea id="f-words" name="words" required={may.words} maxLength={2000} />
      <label for="f-photos">{may.photos > 0 ? t("photo.need", { n: may.photos }) : t("photo.may")}</label>
      <input id="f-photos" name="photos" type="file" accept="image/*" multiple required={may.photos > 0} />
      {error.value !== undefined && <Trouble error={error.value} />}
      <p class="row">
        <button class="main" disabled={busy.value}>{t(busy.value ? "photo.sending" : "case.submit")}</button>
        <button type="button" onClick={close}>{t("app.cancel")}</button>
      </p>
    </form>
  );
}

function Asked({ field, whole }: { field: CaseFieldAsked; whole: Whole }) {
  const id = `f-${field.name}`;
  const label = <label for={id}>{language.value === "zh" ? field.title : t(`field.${field.name}`)}</label>;
  const common = { id, name: field.name, required: true };
  if (field.form === "choice") {
    return (
      <>
        {label}
        <select {...common}>{field.choices.map((c) => <option key={c.value} value={c.value}>{c.title}</option>)}</select>
      </>
    );
  }
  if (field.form === "unit") return <>{label}<Units {...common} whole={whole} /></>;
  if (field.form === "date") return <>{label}<input {...common} type="date" min={day(1)} defaultValue={day(30)} /></>;
  return <>{label}<input {...common} maxLength={200} /></>;
}

/** The units that a case can go down to: from its township to the groups of its village. */
function Units({ whole, ...common }: { id: string; name: string; required: boolean; whole: Whole }) {
  const village = whole.unit.slice(0, 12);
  const units = useThing(`down ${village}`, async (signal): Promise<Region[]> => {
    const one = (code: string) => answer(api.GET("/api/v1/regions/{code}", { params: { path: { code } }, signal }));
    const below = answer(api.GET("/api/v1/regions/{code}/children", { params: { path: { code: village } }, signal }));
    return [await one(village), ...(await below).items, await one(village.slice(0, 9))];
  });
  return <select {...common}>{(units.value ?? []).map((u) => <option key={u.code} value={u.code}>{u.full_name}</option>)}</select>;
}
