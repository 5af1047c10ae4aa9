import { useSignal } from "@preact/signals";
import { answer, api } from "../../shared/api/client";
import type { CaseMember, CaseOffered, CasesTogether, Whole } from "../../shared/api/schema";
import { useThing } from "../../shared/pages";
import { when } from "../../shared/time";
import { Form, text } from "../../shared/ui/Form";
import { Trouble } from "../../shared/ui/Trouble";
import { t } from "../../shared/words";
import { mayHandleCases } from "../rights";

interface Props {
  whole: Whole;
  /** Called when the case has got an event by this. */
  changed: () => void;
}

/** The same thing seen twice: what is joined to this case, and what is offered, each with its distance and reason. */
export function Together({ whole, changed }: Props) {
  const { id } = whole;
  const found = useThing(`together ${id} ${whole.version}`, (signal) =>
    answer(api.GET("/api/v1/cases/{id}/together", { params: { path: { id } }, signal })),
  );
  const all = found.value;
  if (found.error.value !== undefined) return <Trouble error={found.error.value} retry={() => void found.reload()} />;
  if (!all || (!all.leader && all.members.length === 0 && all.offered.length === 0)) return null;
  const put = (now: CasesTogether) => {
    found.put(now);
    changed();
  };
  return (
    <section aria-label={t("together.title")}>
      <h3>{t("together.title")}</h3>
      {all.leader && <p>{t("together.follows")} <a href={`/console/cases/${all.leader}`}>{t("case.open")}</a></p>}
      <ul class="plain">
        {all.members.map((member) => <Joined key={member.case} leader={id} member={member} put={put} />)}
        {all.offered.map((other) => <Offer key={other.case} leader={id} other={other} put={put} free={!all.leader} />)}
      </ul>
    </section>
  );
}

/** What another case is, how far away, and why it is thought to be the same. */
function Other({ other }: { other: CaseOffered | CaseMember }) {
  return (
    <>
      <a href={`/console/cases/${other.case}`}>{t(`kind.${other.kind}`)}</a>
      <span class="small"> {t(`source.${other.source}`)} · {when(other.opened_at)}</span>
      <div>
        {other.distance != null && !other.reason.includes("相距") && (
          <span class="tag">{t("together.metres", { n: Math.round(other.distance) })}</span>
        )}{" "}
        {other.reason}
      </div>
    </>
  );
}

function Offer({ leader, other, put, free }: { leader: string; other: CaseOffered; put: (now: CasesTogether) => void; free: boolean }) {
  const error = useSignal<unknown>(undefined);
  const busy = useSignal(false);
  async function join() {
    busy.value = true;
    error.value = undefined;
    try {
      put(await answer(api.POST("/api/v1/cases/{id}/members", { params: { path: { id: leader } }, body: { member: other.case } })));
    } catch (failure) {
      error.value = failure;
    } finally {
      busy.value = false;
    }
  }
  return (
    <li>
      <Other other={other} />
      {error.value !== undefined && <Trouble error={error.value} />}
      {free && mayHandleCases() && (
        <button type="button" disabled={busy.value} onClick={() => void join()}>{t("together.join")}</button>
      )}
    </li>
  );
}

function Joined({ leader, member, put }: { leader: string; member: CaseMember; put: (now: CasesTogether) => void }) {
  async function split(form: FormData) {
    const params = { path: { id: leader, member: member.case }, query: { why: text(form, "why") } };
    put(await answer(api.DELETE("/api/v1/cases/{id}/members/{member}", { params })));
  }
  return (
    <li>
      <span class="tag ok">{t("together.joined")}</span> <Other other={member} />
      <div class="small">{member.by} · {when(member.joined_at)}</div>
      {mayHandleCases() && (
        <Form title={t("together.split")} submit={t("together.split")} send={split} folded>
          <label for={`why-${member.case}`}>{t("together.why")}</label>
          <input id={`why-${member.case}`} name="why" required maxLength={500} />
        </Form>
      )}
    </li>
  );
}
