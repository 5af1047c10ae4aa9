import { useSignal } from "@preact/signals";
import { answer, api } from "../../shared/api/client";
import type { ReportListed } from "../../shared/api/schema";
import { usePages } from "../../shared/pages";
import { query } from "../../shared/route";
import type { Column } from "../../shared/table";
import { when } from "../../shared/time";
import { Form, text } from "../../shared/ui/Form";
import { Listing } from "../../shared/ui/Listing";
import { RegionChoice } from "../../shared/ui/Region";
import { Trouble } from "../../shared/ui/Trouble";
import { t } from "../../shared/words";
import { maySeeReporters } from "../rights";

/** What passers-by reported: its case, and the answer that they read. */
export function Reports() {
  const { region } = query.value;
  const pages = usePages<ReportListed>(`reports ${region ?? ""}`, (cursor, signal) => {
    const query = { limit: 50, ...(region && { region }), ...(cursor && { cursor }) };
    return answer(api.GET("/api/v1/reports", { params: { query }, signal }));
  });
  const columns: Column<ReportListed>[] = [
    { key: "received", title: t("reports.received"), value: (r) => when(r.received_at) },
    { key: "words", title: t("reports.words"), value: (r) => r.words },
    { key: "place", title: t("reports.place"), value: (r) => r.place },
    { key: "unit", title: t("list.region"), value: (r) => r.unit },
    { key: "tracking", title: t("reports.tracking"), value: (r) => r.tracking, cell: (r) => <span class="code">{r.tracking}</span> },
    {
      key: "case", title: t("case.title"), value: (r) => r.case_id,
      cell: (r) => <a href={`/console/cases/${r.case_id}`}>{t("reports.case")}</a>,
    },
    {
      key: "answer", title: t("reports.answer"), value: (r) => r.answer ?? t("reports.waiting"),
      cell: (r) => <Answer report={r} done={() => pages.reload()} />,
    },
  ];
  return (
    <main id="main" class="page">
      <h1>{t("nav.reports")}</h1>
      <form class="row filters" role="search" aria-label={t("list.filters")} onSubmit={(e) => e.preventDefault()}><RegionChoice /></form>
      <Listing
        label={t("nav.reports")} columns={columns} pages={pages} rowKey={(r) => r.tracking}
        empty={<><strong>{t("reports.none")}</strong>{t("reports.nonehelp")}</>}
      />
    </main>
  );
}

function Answer({ report, done }: { report: ReportListed; done: () => Promise<void> }) {
  const path = { tracking: report.tracking };
  async function send(form: FormData) {
    await answer(api.POST("/api/v1/reports/{tracking}/answer", { params: { path }, body: { answer: text(form, "answer") } }));
    await done();
  }
  return (
    <>
      {report.answer ? <p>{report.answer} <span class="small">{when(report.answered_at)}</span></p> : <span class="tag amber">{t("reports.waiting")}</span>}
      {report.has_phone && maySeeReporters() && <Phone tracking={report.tracking} />}
      <Form title={t("reports.publish")} submit={t("reports.publish")} send={send} folded>
        <label for={`answer-${report.tracking}`}>{t("reports.answer")}</label>
        <textarea id={`answer-${report.tracking}`} name="answer" required maxLength={2000} defaultValue={report.answer ?? ""} />
        <p class="small">{t("reports.publishhelp")}</p>
      </Form>
    </>
  );
}

/** Every look at a phone number is logged, so it is shown only when asked for. */
function Phone({ tracking }: { tracking: string }) {
  const phone = useSignal("");
  const error = useSignal<unknown>(undefined);
  async function show() {
    try {
      phone.value = (await answer(api.GET("/api/v1/reports/{tracking}/phone", { params: { path: { tracking } } }))).phone;
    } catch (failure) {
      error.value = failure;
    }
  }
  if (error.value !== undefined) return <Trouble error={error.value} />;
  return phone.value ? <p class="code">{phone.value}</p> : <button type="button" onClick={() => void show()}>{t("reports.phone")}</button>;
}
