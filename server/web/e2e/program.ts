import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, openSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** The built program. */
const BIN =
  process.env["GENGWEI_BIN"] ??
  resolve(process.env["CARGO_TARGET_DIR"] ?? resolve(import.meta.dirname, "../../../target"), "debug/gengwei");

export interface Account {
  account: string;
  password: string;
  level?: number;
  region?: string;
  role: string;
}

/** The demo city, served in a folder of its own. */
export class Program {
  private constructor(
    readonly url: string,
    readonly accounts: Account[],
    readonly scan: string,
    private readonly folder: string,
    private readonly process: ChildProcess,
  ) {}

  /** Serves it; `more` adds to its environment, given its folder. */
  static async start(more: (folder: string) => Record<string, string> = () => ({})): Promise<Program> {
    const folder = mkdtempSync(join(tmpdir(), "gengwei-web-"));
    const listen = `127.0.0.1:${await freePort()}`;
    const url = `http://${listen}`;
    const env = {
      ...process.env,
      GENGWEI_DATA: join(folder, "data"), GENGWEI_LISTEN: listen, GENGWEI_PUBLIC_URL: url,
      GENGWEI_METRICS_LISTEN: "off", GENGWEI_COAP_LISTEN: "off", ...more(folder),
    };
    delete (env as NodeJS.ProcessEnv)["DATABASE_URL"];
    const told = execFileSync(BIN, ["demo", "--json"], { env, stdio: ["ignore", "pipe", "ignore"] }).toString();
    const lines = told.trim().split("\n").map((line) => JSON.parse(line) as Account & { scan_url?: string });
    const log = openSync(join(folder, "serve.log"), "a");
    const child = spawn(BIN, ["serve"], { env, stdio: ["ignore", log, log] });
    const scan = lines.find((line) => line.scan_url)?.scan_url ?? "";
    const program = new Program(url, lines.filter((line) => line.account), scan, folder, child);
    await program.ready();
    return program;
  }

  who(account: string): Account {
    const found = this.accounts.find((a) => a.account === account);
    if (!found) throw new Error(`the demo has no account ${account}`);
    return found;
  }

  /** Speaks to the API as somebody, by token; a body that is bytes goes as it is. */
  async api(account: string): Promise<(method: string, path: string, body?: unknown, more?: Record<string, string>) => Promise<Response>> {
    const { password } = this.who(account);
    const json = { "content-type": "application/json" };
    const opened = await fetch(`${this.url}/api/v1/sessions`, {
      method: "POST", headers: json, body: JSON.stringify({ account, password }),
    });
    const { token } = (await opened.json()) as { token: string };
    return async (method, path, body, more = {}) => {
      const headers = { ...json, authorization: `Bearer ${token}`, ...more };
      const sent = body instanceof Uint8Array ? new Blob([new Uint8Array(body)]) : JSON.stringify(body);
      const answer = await fetch(this.url + path, { method, headers, ...(body ? { body: sent } : {}) });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return answer;
    };
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.process.once("exit", done));
    this.process.kill("SIGTERM");
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async ready(): Promise<void> {
    for (let tries = 0; tries < 600; tries++) {
      if (this.process.exitCode !== null) throw new Error(`the program ended; see ${this.folder}/serve.log`);
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise((done) => setTimeout(done, 100));
    }
    throw new Error(`the program is not ready; see ${this.folder}/serve.log`);
  }
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (address && typeof address === "object" ? done(address.port) : fail(new Error("no port"))));
    });
  });
}
