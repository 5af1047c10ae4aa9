import { useSignal } from "@preact/signals";
import { answer, api } from "../../shared/api/client";
import type { ChannelListed, DeliveryPackage, ReceiptsRead } from "../../shared/api/schema";
import { Form, text } from "../../shared/ui/Form";
import { t } from "../../shared/words";

interface Props {
  channels: ChannelListed[];
  done: () => Promise<void>;
}

/** For channels without an address: packages that somebody carries over, and the receipts that come back. */
export function ByHand({ channels, done }: Props) {
  const byHand = channels.filter((channel) => !channel.pushes);
  return (
    <>
      {byHand.length > 0 && <Pack channels={byHand} done={done} />}
      <Receipts channels={channels} done={done} />
    </>
  );
}

function Pick({ id, channels }: { id: string; channels: ChannelListed[] }) {
  return (
    <>
      <label for={id}>{t("delivery.channel")}</label>
      <select id={id} name="channel">{channels.map((c) => <option key={c.name} value={c.name}>{c.name}</option>)}</select>
    </>
  );
}

function Pack({ channels, done }: Props) {
  const made = useSignal<DeliveryPackage | undefined>(undefined);
  async function send(form: FormData) {
    made.value = await answer(api.POST("/api/v1/deliveries/packages", { body: { channel: text(form, "channel") } }));
    await done();
    return t("delivery.packed_", { n: made.value.deliveries });
  }
  return (
    <>
      <Form title={t("delivery.pack")} submit={t("delivery.pack")} send={send} folded>
        <Pick id="pack-channel" channels={channels} />
      </Form>
      {made.value && (
        <p class="note"><a download href={`/api/v1/deliveries/packages/${made.value.id}`}>{t("delivery.fetch", { n: made.value.deliveries })}</a></p>
      )}
    </>
  );
}

function Receipts({ channels, done }: Props) {
  const read = useSignal<ReceiptsRead | undefined>(undefined);
  async function send(form: FormData) {
    const request = {
      params: { query: { channel: text(form, "channel") } },
      headers: { "content-type": "application/octet-stream" },
      body: form.get("file") as never,
      bodySerializer: (body: unknown) => body as Blob,
    };
    read.value = await answer(api.POST("/api/v1/deliveries/receipts", request));
    await done();
  }
  const result = read.value;
  return (
    <>
      <Form title={t("delivery.receipts")} submit={t("delivery.readreceipts")} send={send} folded>
        <p class="small">{t("delivery.receiptshelp")}</p>
        <Pick id="receipts-channel" channels={channels} />
        <label for="receipts-file">{t("batch.file")}</label>
        <input id="receipts-file" name="file" type="file" required accept=".csv,.xlsx" />
      </Form>
      {result && (
        <section class="note" role="status">
          <p>{t("delivery.receiptsread", { n: result.read, a: result.accepted, r: result.rejected, x: result.refused.length })}</p>
          {result.refused.length > 0 && <ul>{result.refused.map((row) => <li key={row.row}>{t("batch.line", { n: row.row })} {row.reason}</li>)}</ul>}
        </section>
      )}
    </>
  );
}
