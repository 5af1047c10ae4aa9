import { answer, api } from "../../shared/api/client";
import type { PatchBatch } from "../../shared/api/schema";
import { usePages } from "../../shared/pages";
import type { Column } from "../../shared/table";
import { when } from "../../shared/time";
import { Form, text } from "../../shared/ui/Form";
import { Listing } from "../../shared/ui/Listing";
import { t } from "../../shared/words";
import { Rejects } from "../imports/Rejects";
import { useWatch } from "../imports/running";

/** For the offices of city and counties: the batches of patches, how far their imports are, and what was refused. */
export function Batches() {
  const pages = usePages<PatchBatch>("batches", (cursor, signal) => {
    const query = { limit: 20, ...(cursor && { cursor }) };
    return answer(api.GET("/api/v1/patch-batches", { params: { query }, signal }));
  });
  useWatch(pages.rows.value.some((b) => b.state === "waiting" || b.state === "running"), pages.again);
  const columns: Column<PatchBatch>[] = [
    { key: "b-file", title: t("batch.file"), value: (b) => b.file, cell: (b) => <a href={`/console/patches?batch=${b.id}`}>{b.file}</a> },
    { key: "b-period", title: t("patch.period"), value: (b) => b.period },
    { key: "b-at", title: t("batch.at"), value: (b) => when(b.created_at) },
    {
      key: "b-state", title: t("case.state"), value: (b) => b.state_title,
      cell: (b) => (
        <>
          {b.state_title}
          {b.state === "running" && <progress max={1} value={b.progress} aria-label={b.state_title} />}
          {b.state === "failed" && <div class="small">{b.said.join(" ")}</div>}
        </>
      ),
    },
    { key: "b-read", title: t("batch.read"), value: (b) => b.read, number: true },
    { key: "b-new", title: t("batch.imported"), value: (b) => b.imported, number: true },
    { key: "b-rejected", title: t("batch.rejected"), value: (b) => b.rejected, number: true, cell: (b) => (b.rejected ? <Refused batch={b} /> : 0) },
  ];
  return (
    <>
      <h2>{t("batch.title")}</h2>
      <Listing
        label={t("batch.title")} columns={columns} pages={pages} rowKey={(b) => b.id}
        empty={<><strong>{t("batch.none")}</strong>{t("batch.nonehelp")}</>}
      />
      <HandIn done={pages.again} />
    </>
  );
}

function Refused({ batch: { id, rejected } }: { batch: PatchBatch }) {
  return (
    <Rejects id={id} count={rejected} load={(cursor, signal) => {
      const params = { path: { id }, query: { limit: 100, ...(cursor && { cursor }) } };
      return answer(api.GET("/api/v1/patch-batches/{id}/rejects", { params, signal }));
    }} />
  );
}

function HandIn({ done }: { done: () => Promise<void> }) {
  async function send(form: FormData) {
    for (const name of ["period", "layer"]) if (!text(form, name)) form.delete(name);
    const request = { body: form as never, bodySerializer: (body: unknown) => body as FormData };
    const batch = await answer(api.POST("/api/v1/patch-batches", request));
    await done();
    return batch.state_title;
  }
  return (
    <Form title={t("batch.add")} submit={t("batch.send")} send={send} folded>
      <label for="b-file">{t("batch.choose")}</label>
      <input id="b-file" name="file" type="file" required accept=".zip,.shp,.gpkg,.geojson,.json" />
      <label for="b-period">{t("patch.period")}</label><input id="b-period" name="period" maxLength={40} />
      <label for="b-layer">{t("batch.layer")}</label><input id="b-layer" name="layer" maxLength={80} />
    </Form>
  );
}
