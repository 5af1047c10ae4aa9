import { answer, api } from "../../shared/api/client";
import type { Term } from "../../shared/api/schema";
import { usePages } from "../../shared/pages";
import type { Column } from "../../shared/table";
import { day } from "../../shared/time";
import { Form, text } from "../../shared/ui/Form";
import { Listing } from "../../shared/ui/Listing";
import { t } from "../../shared/words";
import { ROLES } from "../lists";
import { mayEditGrid } from "../rights";

/** Everybody who ever held something in a unit; whoever may, appoints here. */
export function Appointments({ code, level }: { code: string; level: number }) {
  const pages = usePages<Term>(`terms ${code}`, (_, signal) =>
    answer(api.GET("/api/v1/regions/{code}/appointments", { params: { path: { code } }, signal })),
  );
  const columns: Column<Term>[] = [
    { key: "name", title: t("grid.person"), value: (p) => p.name },
    { key: "post", title: t("grid.post"), value: (p) => t(`role.${p.role}`) },
    { key: "title", title: t("grid.jobtitle"), value: (p) => p.title },
    {
      key: "term", title: t("grid.term"),
      value: (p) => t("grid.since", { day: p.starts }) + (p.ends ? ` ${t("grid.until", { day: p.ends })}` : ""),
    },
    { key: "source", title: t("grid.source"), value: (p) => p.source },
  ];
  return (
    <>
      <h2>{t("grid.history")}</h2>
      <Listing
        label={t("grid.history")} columns={columns} pages={pages} rowKey={(p) => p.id}
        empty={<><strong>{t("grid.nohistory")}</strong>{t("grid.nohistoryhelp")}</>}
      />
      {mayEditGrid(level) && <Appoint code={code} done={() => pages.reload()} />}
    </>
  );
}

function Appoint({ code, done }: { code: string; done: () => Promise<void> }) {
  async function send(form: FormData) {
    const body = {
      unit: code, role: text(form, "role") as Term["role"], name: text(form, "name"), starts: text(form, "starts"),
      source: text(form, "source"), ...(text(form, "title") && { title: text(form, "title") }),
    };
    await answer(api.POST("/api/v1/appointments", { body }));
    await done();
  }
  return (
    <Form title={t("grid.appoint")} submit={t("app.save")} send={send} folded>
      <label for="a-name">{t("grid.person")}</label><input id="a-name" name="name" required maxLength={40} />
      <label for="a-role">{t("grid.post")}</label>
      <select id="a-role" name="role">{ROLES.map((role) => <option key={role} value={role}>{t(`role.${role}`)}</option>)}</select>
      <label for="a-title">{t("grid.jobtitle")}</label><input id="a-title" name="title" maxLength={80} />
      <label for="a-starts">{t("grid.starts")}</label><input id="a-starts" name="starts" type="date" required defaultValue={day()} />
      <label for="a-source">{t("grid.source")}</label><input id="a-source" name="source" required maxLength={200} />
    </Form>
  );
}
