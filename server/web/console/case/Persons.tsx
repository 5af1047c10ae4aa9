import { useSignal } from "@preact/signals";
import { answer, api } from "../../shared/api/client";
import type { CasePerson, PersonDestination } from "../../shared/api/schema";
import { when } from "../../shared/time";
import { Form, text } from "../../shared/ui/Form";
import { Trouble } from "../../shared/ui/Trouble";
import { language, t } from "../../shared/words";
import { DESTINATIONS } from "../lists";

/**
 * The register of persons of a case (既处理事、又处理人, R28). It is read only when somebody asks for it, because every
 * reading is logged.
 */
export function Persons({ id }: { id: string }) {
  const entries = useSignal<CasePerson[] | undefined>(undefined);
  const error = useSignal<unknown>(undefined);
  async function read() {
    error.value = undefined;
    try {
      entries.value = (await answer(api.GET("/api/v1/cases/{id}/persons", { params: { path: { id } } }))).items;
    } catch (failure) {
      error.value = failure;
    }
  }
  return (
    <section class="card" aria-label={t("persons.title")}>
      <h2>{t("persons.title")}</h2>
      <p class="small">{t("persons.help")}</p>
      {error.value !== undefined && <Trouble error={error.value} />}
      {!entries.value && <button type="button" onClick={() => void read()}>{t("persons.open")}</button>}
      {entries.value?.length === 0 && <p class="empty"><strong>{t("persons.none")}</strong>{t("persons.nonehelp")}</p>}
      {entries.value && entries.value.length > 0 && (
        <ul class="plain">{entries.value.map((entry) => <Entry key={entry.id} entry={entry} all={entries.value ?? []} />)}</ul>
      )}
      {entries.value && <Add id={id} entries={entries.value} done={read} />}
    </section>
  );
}

function Entry({ entry, all }: { entry: CasePerson; all: CasePerson[] }) {
  const before = all.find((other) => other.id === entry.about);
  const { person } = entry;
  return (
    <li>
      <b>{person.name}</b> {person.post}{" "}
      <span class="tag">{language.value === "zh" ? entry.destination_title : t(`destination.${entry.destination}`)}</span>
      {before && <span class="small"> {t("persons.continues", { at: when(before.recorded_at) })}</span>}
      <div>{person.words}</div>
      <div class="small">{[person.document, when(entry.recorded_at), entry.recorded_by].filter(Boolean).join(" · ")}</div>
    </li>
  );
}

function Add({ id, entries, done }: { id: string; entries: CasePerson[]; done: () => Promise<void> }) {
  async function send(form: FormData) {
    const [about, post, document] = [text(form, "about"), text(form, "post"), text(form, "document")];
    const person = { name: text(form, "name"), words: text(form, "words"), ...(post && { post }), ...(document && { document }) };
    const body = { destination: text(form, "destination") as PersonDestination, person, ...(about && { about }) };
    await answer(api.POST("/api/v1/cases/{id}/persons", { params: { path: { id } }, body }));
    await done();
  }
  return (
    <Form title={t("persons.add")} submit={t("app.save")} send={send} folded>
      <label for="p-to">{t("persons.to")}</label>
      <select id="p-to" name="destination">{DESTINATIONS.map((d) => <option key={d} value={d}>{t(`destination.${d}`)}</option>)}</select>
      {entries.length > 0 && (
        <>
          <label for="p-about">{t("persons.about")}</label>
          <select id="p-about" name="about">
            <option value="">{t("persons.new")}</option>
            {entries.map((e) => <option key={e.id} value={e.id}>{e.person.name} {when(e.recorded_at)}</option>)}
          </select>
        </>
      )}
      <label for="p-name">{t("grid.person")}</label><input id="p-name" name="name" required maxLength={50} autocomplete="off" />
      <label for="p-post">{t("persons.post")}</label><input id="p-post" name="post" maxLength={100} autocomplete="off" />
      <label for="p-words">{t("persons.words")}</label><textarea id="p-words" name="words" required maxLength={2000} />
      <label for="p-document">{t("field.document")}</label><input id="p-document" name="document" maxLength={100} />
    </Form>
  );
}
