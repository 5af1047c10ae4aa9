import { answer, api, whole } from "../../shared/api/client";
import { me } from "../../shared/api/session";
import type { Region } from "../../shared/api/schema";
import { usePages, useThing } from "../../shared/pages";
import type { Column } from "../../shared/table";
import { Listing } from "../../shared/ui/Listing";
import { Trouble } from "../../shared/ui/Trouble";
import { t } from "../../shared/words";
import { Appointments } from "./Appointments";
import { Responsible } from "./Responsible";
import { Targets } from "./Targets";
import { UnitForm } from "./UnitForm";
import { Vacancies } from "./Vacancies";

/** The five levels: a unit, who is responsible for it, what it has to keep, who is missing, what lies below. */
export function Grid({ rest }: { rest: string[] }) {
  const code = rest[0] ?? me.value?.scopes[0] ?? "";
  const unit = useThing(`unit ${code}`, (signal) =>
    whole(api.GET("/api/v1/regions/{code}", { params: { path: { code } }, signal })),
  );
  const region = unit.value?.data;
  return (
    <main id="main" class="page">
      <h1>{region?.full_name ?? t("nav.grid")}</h1>
      {unit.error.value !== undefined && <Trouble error={unit.error.value} retry={() => void unit.reload()} />}
      {unit.value && <Unit read={unit.value} put={unit.put} key={unit.value.data.code} />}
    </main>
  );
}

/** A unit with the ETag that it was read under. */
export interface Read {
  data: Region;
  etag: string;
}

function Unit({ read, put }: { read: Read; put: (read: Read) => void }) {
  const region = read.data;
  return (
    <>
      <section class="card">
        <dl class="facts">
          <dt>{t("grid.code")}</dt><dd class="code">{region.code}</dd>
          <dt>{t("grid.level")}</dt><dd>{t(`level.${region.level as 2}`)}</dd>
          {region.parent && (
            <><dt>{t("grid.up")}</dt><dd><a href={`/console/grid/${region.parent}`}>{region.parent}</a></dd></>
          )}
          <dt>{t("grid.takes")}</dt><dd>{t(region.takes_part ? "grid.yes" : "grid.no")}</dd>
          {region.office_phone && <><dt>{t("grid.phone")}</dt><dd>{region.office_phone}</dd></>}
        </dl>
        <UnitForm read={read} put={put} />
      </section>
      <div class="columns">
        <Responsible code={region.code} />
        <Targets code={region.code} />
      </div>
      <Vacancies code={region.code} />
      {region.level < 6 && <Children code={region.code} />}
      <Appointments code={region.code} level={region.level} />
    </>
  );
}

function Children({ code }: { code: string }) {
  const pages = usePages<Region>(`children ${code}`, (_, signal) =>
    answer(api.GET("/api/v1/regions/{code}/children", { params: { path: { code } }, signal })),
  );
  const columns: Column<Region>[] = [
    { key: "name", title: t("grid.name"), value: (r) => r.name, cell: (r) => <a href={`/console/grid/${r.code}`}>{r.name}</a> },
    { key: "code", title: t("grid.code"), value: (r) => r.code },
    { key: "takes", title: t("grid.takes"), value: (r) => t(r.takes_part ? "grid.yes" : "grid.no") },
    { key: "phone", title: t("grid.phone"), value: (r) => r.office_phone },
  ];
  return (
    <>
      <h2>{t("grid.children")}</h2>
      <Listing
        label={t("grid.children")} columns={columns} pages={pages} rowKey={(r) => r.code}
        empty={<><strong>{t("grid.nochildren")}</strong>{t("grid.nochildrenhelp")}</>}
      />
    </>
  );
}
