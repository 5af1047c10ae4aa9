import { answer, api } from "../../shared/api/client";
import type { Vacancy } from "../../shared/api/schema";
import { usePages } from "../../shared/pages";
import type { Column } from "../../shared/table";
import { Listing } from "../../shared/ui/Listing";
import { t } from "../../shared/words";

/** Units with farmland tasks that nobody is responsible for today. */
export function Vacancies({ code }: { code: string }) {
  const pages = usePages<Vacancy>(`vacancies ${code}`, (cursor, signal) => {
    const query = { region: code, limit: 20, ...(cursor && { cursor }) };
    return answer(api.GET("/api/v1/vacancies", { params: { query }, signal }));
  });
  const columns: Column<Vacancy>[] = [
    {
      key: "unit", title: t("list.region"), value: (v) => v.full_name,
      cell: (v) => <a href={`/console/grid/${v.unit}`}>{v.full_name}</a>,
    },
    { key: "level", title: t("grid.level"), value: (v) => t(`level.${v.level as 2}`) },
    { key: "post", title: t("grid.post"), value: (v) => t(`role.${v.role}`) },
  ];
  return (
    <>
      <h2>{t("grid.vacancies")}</h2>
      <Listing
        label={t("grid.vacancies")} columns={columns} pages={pages} rowKey={(v) => v.unit}
        empty={<><strong>{t("grid.novacancies")}</strong>{t("grid.novacancieshelp")}</>}
      />
    </>
  );
}
