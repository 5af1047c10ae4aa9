import { answer, api } from "../../shared/api/client";
import { level as myLevel } from "../../shared/api/session";
import type { Entry, Kind } from "../../shared/api/schema";
import { usePages } from "../../shared/pages";
import { ask, query } from "../../shared/route";
import type { Column } from "../../shared/table";
import { day, when } from "../../shared/time";
import { Choice } from "../../shared/ui/Choice";
import { Listing } from "../../shared/ui/Listing";
import { RegionChoice } from "../../shared/ui/Region";
import { t } from "../../shared/words";
import { Plan } from "./Plan";

/** The levels that keep a ledger (R31). */
const LEVELS = [4, 5, 6] as const;

const deed = { found: "ledger.found", stopped: "ledger.stopped", reported: "ledger.reported", persuaded: "ledger.persuaded" } as const;

function columns(): Column<Entry>[] {
  const seen = (e: Entry) => e.sightings_seen.map((s) => t(`kind.${s.kind as Kind}`) + (s.words ? `：${s.words}` : "")).join("；");
  return [
    { key: "at", title: t("ledger.day"), value: (e) => when(e.started_at) },
    { key: "level", title: t("grid.level"), value: (e) => t(`level.${e.level as 4}`) },
    { key: "unit", title: t("ledger.unit"), value: (e) => e.unit },
    { key: "name", title: t("ledger.name"), value: (e) => e.name },
    {
      key: "seen", title: t("ledger.seen"), value: seen,
      cell: (e) => e.sightings_seen.map((s) => (
        <div key={s.seq}>
          {s.case_id ? <a href={`/console/cases/${s.case_id}`}>{t(`kind.${s.kind}`)}</a> : t(`kind.${s.kind}`)}
          {s.words && <span class="small"> {s.words}</span>}
        </div>
      )),
    },
    { key: "done", title: t("ledger.done"), value: (e) => e.actions.map((a) => t(deed[a.action])).join("、") },
    { key: "words", title: t("ledger.words"), value: (e) => e.words },
  ];
}

/** The ledger (巡查台账) of levels 4 to 6, and who has to patrol. */
export function Ledger() {
  const { region, from = day(-30), to = day() } = query.value;
  const own = String(Math.max(LEVELS[0], myLevel.value));
  const by = { from, to, level: Number(query.value.level ?? own), ...(region && { region }) };
  const pages = usePages<Entry>(`ledger ${JSON.stringify(by)}`, (cursor, signal) => {
    const query = { ...by, limit: 50, ...(cursor && { cursor }) };
    return answer(api.GET("/api/v1/ledger", { params: { query }, signal }));
  });
  const file = (ending: string) => `/api/v1/ledger.${ending}?${new URLSearchParams(Object.entries(by).map(([k, v]) => [k, String(v)]))}`;
  return (
    <main id="main" class="page">
      <h1>{t("nav.ledger")}</h1>
      <form class="row filters" role="search" aria-label={t("list.filters")} onSubmit={(e) => e.preventDefault()}>
        <RegionChoice />
        <Choice
          name="level" label={t("grid.level")} all={false}
          options={LEVELS.map((l) => [String(l) === own ? "" : String(l), t(`level.${l}`)])}
        />
        <Day name="from" label={t("list.from")} value={from} />
        <Day name="to" label={t("list.to")} value={to} />
        <a class="button" href={file("html")} target="_blank" rel="noopener">{t("ledger.print")}</a>
        <a class="button" href={file("xlsx")} download="">{t("ledger.xlsx")}</a>
      </form>
      <Listing
        label={t("nav.ledger")} columns={columns()} pages={pages} rowKey={(e) => e.id}
        empty={<><strong>{t("ledger.none")}</strong>{t("ledger.nonehelp")}</>}
      />
      <Plan region={region} />
    </main>
  );
}

function Day({ name, label, value }: { name: string; label: string; value: string }) {
  return (
    <div class="grow">
      <label for={`by-${name}`}>{label}</label>
      <input id={`by-${name}`} type="date" value={value} onChange={(e) => ask({ [name]: e.currentTarget.value })} />
    </div>
  );
}
