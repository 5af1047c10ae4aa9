import { useSignal } from "@preact/signals";
import { type Load, usePages } from "../../shared/pages";
import type { Column } from "../../shared/table";
import { Listing } from "../../shared/ui/Listing";
import { t } from "../../shared/words";

/** A row of a file that was refused. */
export interface Reject {
  line: number;
  identifier: string;
  field: string;
  place: string;
  reason: string;
}

interface Props {
  /** Stable; names what `load` reads. */
  id: string;
  count: number;
  load: Load<Reject>;
}

/** The rows of a file that were refused, each with its reason; read when somebody unfolds them. */
export function Rejects({ id, count, load }: Props) {
  const open = useSignal(false);
  return (
    <details onToggle={(e) => (open.value = e.currentTarget.open)}>
      <summary>{count}</summary>
      {open.value && <List id={id} load={load} />}
    </details>
  );
}

const columns = (): Column<Reject>[] => [
  { key: "r-line", title: t("reject.line"), value: (r) => r.line, number: true },
  { key: "r-what", title: t("reject.what"), value: (r) => r.identifier },
  { key: "r-field", title: t("reject.field"), value: (r) => r.field },
  { key: "r-place", title: t("reject.place"), value: (r) => r.place },
  { key: "r-reason", title: t("reject.reason"), value: (r) => r.reason },
];

function List({ id, load }: { id: string; load: Load<Reject> }) {
  const pages = usePages<Reject>(`rejects ${id}`, load);
  return <Listing label={t("batch.rejected")} columns={columns()} pages={pages} rowKey={(r) => r.line} empty={t("reject.none")} />;
}
