import type { ChannelListed } from "../../shared/api/schema";
import { ask } from "../../shared/route";
import { t } from "../../shared/words";
import { DELIVERY_STATES } from "../lists";

/** What stands where on each channel; a number leads to the list of what it counts. */
export function Channels({ channels }: { channels: ChannelListed[] }) {
  if (channels.length === 0) return null;
  return (
    <section class="card">
      <h2>{t("delivery.channels")}</h2>
      <table class="cards">
        <caption class="sr">{t("delivery.channels")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("delivery.channel")}</th><th scope="col">{t("delivery.way")}</th>
            {DELIVERY_STATES.map((state) => <th key={state} scope="col" class="number">{t(`delivery.${state}`)}</th>)}
          </tr>
        </thead>
        <tbody>
          {channels.map((channel) => (
            <tr key={channel.name}>
              <td data-label={t("delivery.channel")}>{channel.name}</td>
              <td data-label={t("delivery.way")}>{t(`delivery.of.${channel.subject}`)} · {t(channel.pushes ? "delivery.pushes" : "delivery.byhand")}</td>
              {DELIVERY_STATES.map((state) => (
                <td key={state} class="number" data-label={t(`delivery.${state}`)}>
                  {channel.counts[state]
                    ? <button type="button" class="plain" onClick={() => ask({ channel: channel.name, state })}>{channel.counts[state]}</button>
                    : 0}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
