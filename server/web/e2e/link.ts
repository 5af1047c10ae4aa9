import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How good the line is: all passes, half fails, nothing passes. */
export type Line = "good" | "bad" | "down";

/** What may become of a request on a bad line; each happens as often as the next. */
const FATES = ["refused", "reset", "cut", "lost", "torn"] as const;
type Fate = (typeof FATES)[number];

/**
 * The network between a tablet and the server. On a bad line half of all requests fail, in turn by chance:
 * a gateway's 503, a connection reset before anything went through, one cut in the middle of what is sent, an answer
 * lost after the server has done its work, and an answer of which half arrives.
 */
export class Link {
  line: Line = "good";
  /** Requests that came, and that failed, by what happened to them. */
  readonly asked: { method: string; path: string; bytes: number }[] = [];
  readonly failed = new Map<Fate, number>();
  /** Files that are served in place of the program's, as a newer version of the app would be. */
  readonly newer = new Map<string, (body: string) => string>();
  /** Requests to these addresses do not pass, whatever the line is. */
  hold: RegExp | undefined;
  private seed = 20_230_074;

  private constructor(
    private readonly target: URL,
    private readonly server: Server,
  ) {
    server.on("request", (asked, answer) => this.pass(asked, answer));
  }

  static async open(target: string): Promise<Link> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return new Link(new URL(target), server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** All is as it should be again. */
  mend(): void {
    this.line = "good";
    this.hold = undefined;
    this.newer.clear();
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  /** The same chances in every run (a linear congruence; its upper bits). */
  private chance(): number {
    this.seed = (Math.imul(this.seed, 1_664_525) + 1_013_904_223) >>> 0;
    return (this.seed >>> 8) / 2 ** 24;
  }

  private pass(asked: IncomingMessage, answer: ServerResponse): void {
    const path = new URL(asked.url ?? "/", this.target).pathname;
    const noted = { method: asked.method ?? "", path, bytes: 0 };
    if (this.line === "down" || this.hold?.test(path)) return void asked.socket.destroy();
    this.asked.push(noted);
    asked.on("data", (piece: Buffer) => (noted.bytes += piece.length));
    const fate = this.line === "bad" && this.chance() < 0.5 ? FATES[Math.floor(this.chance() * FATES.length)] : undefined;
    if (fate) this.failed.set(fate, (this.failed.get(fate) ?? 0) + 1);
    if (fate === "reset") return void asked.socket.destroy();
    if (fate === "refused") {
      asked.resume();
      answer.writeHead(503, { "content-type": "text/html", "retry-after": "1" }).end("<h1>Service Unavailable</h1>");
      return;
    }
    this.forward(asked, answer, path, fate);
  }

  private forward(asked: IncomingMessage, answer: ServerResponse, path: string, fate: Fate | undefined): void {
    const { hostname, port } = this.target;
    const newer = this.newer.get(path);
    const headers = { ...asked.headers, ...(newer ? { "accept-encoding": "identity", "if-none-match": "" } : {}) };
    const onward = request({ hostname, port, method: asked.method, path: asked.url, headers, agent: false });
    const fail = () => void asked.socket.destroy();
    onward.on("error", fail);
    if (fate === "cut") {
      const length = Number(asked.headers["content-length"] ?? 0);
      let sent = 0;
      asked.on("data", (piece: Buffer) => {
        sent += piece.length;
        onward.write(piece);
        if (sent < length / 2) return;
        asked.pause();
        // What was written so far reaches the server, the rest never does.
        setTimeout(() => (onward.destroy(), fail()), 20);
      });
      asked.on("end", fail);
      return;
    }
    onward.on("response", (got) => {
      const parts: Buffer[] = [];
      got.on("data", (part: Buffer) => parts.push(part));
      got.on("end", () => {
        let body = Buffer.concat(parts);
        if (fate === "lost") return fail();
        if (newer) body = Buffer.from(newer(body.toString()));
        const { "transfer-encoding": _, etag: tag, ...kept } = got.headers;
        const told = newer ? kept : { ...kept, ...(tag ? { etag: tag } : {}) };
        const hasBody = asked.method !== "HEAD" && got.statusCode !== 204 && got.statusCode !== 304;
        answer.writeHead(got.statusCode ?? 502, hasBody ? { ...told, "content-length": body.length } : told);
        if (fate !== "torn") return void answer.end(hasBody ? body : undefined);
        answer.write(body.subarray(0, body.length / 2), fail);
        if (!hasBody || body.length < 2) fail();
      });
      got.on("error", fail);
    });
    asked.pipe(onward);
  }
}
