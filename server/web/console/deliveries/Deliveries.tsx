import { answer, api } from "../../shared/api/client";
import type { ChannelListed, Delivery, DeliveryState } from "../../shared/api/schema";
import { usePages, useThing } from "../../shared/pages";
import { query } from "../../shared/route";
import type { Column } from "../../shared/table";
import { when } from "../../shared/time";
import { Choice } from "../../shared/ui/Choice";
import { Listing } from "../../shared/ui/Listing";
import { RegionChoice } from "../../shared/ui/Region";
import { Trouble } from "../../shared/ui/Trouble";
import { t } from "../../shared/words";
import { DELIVERY_STATES } from "../lists";
import { mayManageDeliveries } from "../rights";
import { Channels } from "./Channels";
import { ByHand } from "./ByHand";
import { Resend } from "./Resend";

/** What was sent out of the house, what waits, what has arrived (R30). */
export function Deliveries() {
  const { region, state, channel } = query.value;
  const channels = useThing("channels", async (signal) => (await answer(api.GET("/api/v1/deliveries/channels", { signal }))).items);
  const pages = usePages<Delivery>(`deliveries ${region ?? ""} ${state ?? ""} ${channel ?? ""}`, (cursor, signal) => {
    const query = {
      limit: 50, ...(region && { region }), ...(channel && { channel }), ...(state && { state: state as DeliveryState }), ...(cursor && { cursor }),
    };
    return answer(api.GET("/api/v1/deliveries", { params: { query }, signal }));
  });
  const known: ChannelListed[] = channels.value ?? [];
  const again = async () => void (await Promise.all([pages.reload(), channels.reload()]));
  return (
    <main id="main" class="page">
      <h1>{t("nav.deliveries")}</h1>
      {channels.error.value !== undefined && <Trouble error={channels.error.value} retry={() => void channels.reload()} />}
      {channels.value && <Channels channels={known} />}
      <form class="row filters" role="search" aria-label={t("list.filters")} onSubmit={(e) => e.preventDefault()}>
        <RegionChoice />
        <Choice name="state" label={t("case.state")} options={DELIVERY_STATES.map((s) => [s, t(`delivery.${s}`)])} />
        <Choice name="channel" label={t("delivery.channel")} options={known.map((c) => [c.name, c.name])} />
      </form>
      <Listing
        label={t("nav.deliveries")} columns={columns(again)} pages={pages} rowKey={(d) => d.id}
        empty={<><strong>{t("delivery.none")}</strong>{t(known.length ? "delivery.nonehelp" : "delivery.nochannel")}</>}
      />
      {mayManageDeliveries() && known.length > 0 && <ByHand channels={known} done={again} />}
    </main>
  );
}

const bad = (d: Delivery) => d.state === "dead" || d.state === "rejected";

function columns(again: () => Promise<void>): Column<Delivery>[] {
  return [
    { key: "made", title: t("delivery.made"), value: (d) => when(d.made_at) },
    { key: "channel", title: t("delivery.channel"), value: (d) => d.channel },
    {
      key: "what", title: t("delivery.what"), value: (d) => `${t(`delivery.of.${d.subject}`)} ${d.subject_id}`,
      cell: (d) => (
        <>
          {d.subject === "case" ? <a href={`/console/cases/${d.subject_id}`}>{t("delivery.of.case")}</a> : t("delivery.of.notice")}
          <span class="small"> {d.unit_name} · {t("delivery.version", { n: d.version })}</span>
        </>
      ),
    },
    {
      key: "state", title: t("case.state"), value: (d) => t(`delivery.${d.state}`),
      cell: (d) => <span class={`tag ${bad(d) ? "warn" : d.state === "accepted" ? "ok" : "amber"}`}>{t(`delivery.${d.state}`)}</span>,
    },
    { key: "attempts", title: t("delivery.attempts"), value: (d) => d.attempts, number: true },
    { key: "why", title: t("delivery.why"), value: (d) => d.answer ?? (d.error && t("delivery.failed", { why: d.error })) ?? (d.next_at && t("delivery.next", { at: when(d.next_at) })) },
    { key: "receipt", title: t("delivery.receipt"), value: (d) => d.receipt },
    {
      key: "do", title: t("audit.action"), value: () => "",
      cell: (d) => mayManageDeliveries() && (bad(d) || d.state === "delivered" || d.state === "packed") && <Resend id={d.id} done={again} />,
    },
  ];
}
