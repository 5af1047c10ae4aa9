import { t } from "../shared/words";
import { noAnswer, problemOf } from "../shared/api/problem";
import type { Credentials } from "../../../edge-agent/hosts/tablet/js/agent.js";

/** What a code was exchanged for (docs/sync.md), as this tablet keeps it. */
export interface Enrolment {
  device: number;
  key: number;
  up: Uint8Array;
  down: Uint8Array;
  /** Bearer token for the API, in the name of the account. */
  token: string;
  name: string;
  unit: string;
}

interface Answered {
  device: number;
  kind: string;
  key: number;
  up: string;
  down: string;
  unit: string;
  account?: { account: string; name: string } | null;
  token?: string | null;
}

/** The suite that the agent in WebAssembly seals with. */
const SUITE = "sm4-ccm";

/** Exchanges a code for keys; it works once. */
export async function enrol(code: string, fetcher: typeof fetch = fetch): Promise<Enrolment> {
  let response: Response;
  try {
    const headers = { "content-type": "application/json" };
    response = await fetcher("/api/v1/enrolments", { method: "POST", headers, body: JSON.stringify({ code, suite: SUITE }) });
  } catch {
    throw noAnswer();
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw problemOf(response.status, body);
  const answered = body as Answered;
  if (answered.kind !== "tablet" || !answered.token) throw problemOf(422, { title: t("enrol.nottablet"), status: 422 });
  const { device, key, token, unit } = answered;
  return { device, key, up: unhex(answered.up), down: unhex(answered.down), token, unit, name: answered.account?.name ?? "" };
}

/** The code in what was typed or scanned: by itself, or behind the `#enrol=` of an address. */
export function codeIn(text: string): string | undefined {
  const code = (/[#?&]enrol=([^&\s]+)/.exec(text)?.[1] ?? text).replace(/[\s-]/g, "").toUpperCase();
  return /^[0-9A-Z]{6,40}$/.test(code) ? code : undefined;
}

export function credentials({ device, key, up, down }: Enrolment): Credentials {
  return { device, key, up, down };
}

function unhex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
