import { useSignal } from "@preact/signals";
import { answer, api } from "../../shared/api/client";
import type { Device, DeviceCode, DeviceKind, DeviceState } from "../../shared/api/schema";
import { usePages } from "../../shared/pages";
import { query } from "../../shared/route";
import type { Column } from "../../shared/table";
import { when } from "../../shared/time";
import { Choice } from "../../shared/ui/Choice";
import { Form, text } from "../../shared/ui/Form";
import { Listing } from "../../shared/ui/Listing";
import { RegionChoice } from "../../shared/ui/Region";
import { t } from "../../shared/words";
import { DEVICE_KINDS, DEVICE_STATES } from "../lists";
import { Code } from "./Code";
import { Quarantine } from "./Quarantine";
import { Revoke } from "./Revoke";

/** Posts and tablets: when they were last heard, how they are; new ones, lost ones, and what could not be applied. */
export function Devices() {
  const { region, kind, state } = query.value;
  const code = useSignal<DeviceCode | undefined>(undefined);
  const by = {
    ...(region && { region }), ...(kind && { kind: kind as DeviceKind }), ...(state && { state: state as DeviceState }),
  };
  const pages = usePages<Device>(`devices ${JSON.stringify(by)}`, (cursor, signal) => {
    const query = { ...by, limit: 50, ...(cursor && { cursor }) };
    return answer(api.GET("/api/v1/devices", { params: { query }, signal }));
  });
  const renew = async (number: number) => {
    const params = { path: { number } };
    code.value = await answer(api.POST("/api/v1/devices/{number}/codes", { params, body: {} }));
  };
  return (
    <main id="main" class="page">
      <h1>{t("nav.devices")}</h1>
      {code.value && <Code code={code.value} close={() => (code.value = undefined)} />}
      <form class="row filters" role="search" aria-label={t("list.filters")} onSubmit={(e) => e.preventDefault()}>
        <RegionChoice />
        <Choice name="kind" label={t("device.kind")} options={DEVICE_KINDS.map((k) => [k, t(`deviceKind.${k}`)])} />
        <Choice name="state" label={t("case.state")} options={DEVICE_STATES.map((s) => [s, t(`deviceState.${s}`)])} />
      </form>
      <Listing
        label={t("nav.devices")} columns={columns(renew, () => pages.reload())} pages={pages} rowKey={(d) => d.number}
        empty={<><strong>{t("device.none")}</strong>{t("device.nonehelp")}</>}
      />
      <Add done={async (made) => { code.value = made; await pages.reload(); }} />
      <Quarantine />
    </main>
  );
}

function columns(renew: (number: number) => Promise<void>, done: () => Promise<void>): Column<Device>[] {
  const health = (d: Device) =>
    [
      d.battery_mv != null && `${(d.battery_mv / 1000).toFixed(2)} V`,
      d.temperature_c != null && `${d.temperature_c} °C`,
      d.signal_dbm != null && `${d.signal_dbm} dBm`,
      d.journal_percent != null && t("device.journal", { n: d.journal_percent }),
      d.lost ? t("device.lost", { n: d.lost }) : "",
    ].filter(Boolean).join(" · ");
  const bad = (d: Device) => d.state === "lost" || d.state === "revoked" || !!d.silent_since;
  return [
    { key: "number", title: t("posts.number"), value: (d) => d.number, number: true },
    { key: "name", title: t("grid.name"), value: (d) => d.name },
    { key: "kind", title: t("device.kind"), value: (d) => t(`deviceKind.${d.kind}`) },
    { key: "whose", title: t("device.whose"), value: (d) => (d.post == null ? d.account : `${t("nav.posts")} ${d.post}`) },
    {
      key: "state", title: t("case.state"), value: (d) => t(`deviceState.${d.state}`),
      cell: (d) => (
        <span class={`tag ${bad(d) ? "warn" : d.state === "active" ? "ok" : ""}`}>
          {d.silent_since && d.state === "active" ? t("device.silent", { at: when(d.silent_since) }) : t(`deviceState.${d.state}`)}
        </span>
      ),
    },
    { key: "seen", title: t("device.seen"), value: (d) => when(d.seen_at) },
    { key: "health", title: t("device.health"), value: health },
    {
      key: "do", title: t("audit.action"), value: () => "",
      cell: (d) => d.state !== "revoked" && (
        <>
          <button type="button" onClick={() => void renew(d.number)}>{t("device.newcode")}</button>
          <Revoke device={d} done={done} />
        </>
      ),
    },
  ];
}

function Add({ done }: { done: (made: DeviceCode) => Promise<void> }) {
  async function send(form: FormData) {
    const [kind, name, account, post, unit] = ["kind", "name", "account", "post", "unit"].map((field) => text(form, field));
    const body = {
      kind: kind as DeviceKind, ...(name && { name }), ...(account && { account }), ...(unit && { unit }), ...(post && { post: Number(post) }),
    };
    await done(await answer(api.POST("/api/v1/devices", { body })));
  }
  return (
    <Form title={t("device.add")} submit={t("app.save")} send={send} folded>
      <label for="d-kind">{t("device.kind")}</label>
      <select id="d-kind" name="kind">{[...DEVICE_KINDS].reverse().map((k) => <option key={k} value={k}>{t(`deviceKind.${k}`)}</option>)}</select>
      <label for="d-name">{t("grid.name")}</label><input id="d-name" name="name" maxLength={60} />
      <label for="d-account">{t("device.account")}</label><input id="d-account" name="account" autocomplete="off" />
      <label for="d-post">{t("device.post")}</label><input id="d-post" name="post" inputMode="numeric" pattern="\d*" />
      <label for="d-unit">{t("device.unit")}</label><input id="d-unit" name="unit" inputMode="numeric" pattern="\d*" />
    </Form>
  );
}
