import { ask, query } from "../route";
import { t } from "../words";

interface Props {
  /** The parameter in the address. */
  name: string;
  label: string;
  options: readonly (readonly [value: string, title: string])[];
  /** Whether "all" is among the choices. */
  all?: boolean;
}

/** A filter that stands in the address. */
export function Choice({ name, label, options, all = true }: Props) {
  return (
    <div class="grow">
      <label for={`by-${name}`}>{label}</label>
      <select id={`by-${name}`} value={query.value[name] ?? ""} onChange={(e) => ask({ [name]: e.currentTarget.value })}>
        {all && <option value="">{t("list.everything")}</option>}
        {options.map(([value, title]) => <option key={value} value={value}>{title}</option>)}
      </select>
    </div>
  );
}
