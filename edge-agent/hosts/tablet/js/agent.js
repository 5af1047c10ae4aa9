// The edge agent in a page; agent.d.ts describes it. The rules are in gengwei_tablet.wasm; here stand only the order
// of storing and sending, and the shape of a call.

const OPEN = 0, APPEND = 1, SCHEDULE = 2, TRANSMIT = 3, RECEIVE = 4, FAIL = 5, REKEY = 6, STATUS = 7;

const POLICY = { answer: 20_000, retryFirst: 15_000, retryMost: 900_000, period: 900_000 };
const CAPACITY = 4 * 1024 * 1024;
/** How often a call is tried when another tab wrote in between; each time the other one got on. */
const ATTEMPTS = 50;

export class Moved extends Error {
  name = "Moved";
}

export class AgentError extends Error {
  name = "AgentError";
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** An instance of the module: JSON and bytes in, JSON and bytes out. */
class Module {
  #exports;

  constructor(instance) {
    this.#exports = instance.exports;
  }

  static async load(source) {
    const given = await source;
    if (given instanceof WebAssembly.Module) return new Module(await WebAssembly.instantiate(given));
    const isResponse = typeof Response !== "undefined" && given instanceof Response;
    const { instance } = await WebAssembly.instantiate(isResponse ? await given.arrayBuffer() : given);
    return new Module(instance);
  }

  call(operation, request, ...bytes) {
    const text = new TextEncoder().encode(JSON.stringify(request));
    const length = bytes.reduce((sum, part) => sum + part.length, 4 + text.length);
    // Asked for first: the memory may grow, and its former buffer is gone then.
    const start = this.#exports.input(length);
    const input = new Uint8Array(this.#exports.memory.buffer, start, length);
    new DataView(input.buffer, input.byteOffset).setUint32(0, text.length, true);
    input.set(text, 4);
    let at = 4 + text.length;
    for (const part of bytes) {
      input.set(part, at);
      at += part.length;
    }
    const answered = this.#exports.call(operation);
    const replied = this.#exports.output();
    const output = new Uint8Array(this.#exports.memory.buffer, replied, answered).slice();
    const end = 4 + new DataView(output.buffer).getUint32(0, true);
    const reply = JSON.parse(new TextDecoder().decode(output.subarray(4, end)));
    if (reply.error) throw new AgentError(reply.error.code, reply.error.message);
    let from = end;
    reply.put = reply.put.map(([key, size]) => [key, output.slice(from, (from += size))]);
    reply.body = output.slice(from, from + reply.frames);
    return reply;
  }
}

export class Agent {
  #module;
  #options;
  #credentials;
  #revision;
  /** What the module holds is not what the storage holds. */
  #isStale = true;
  #status;
  #turn = Promise.resolve();
  #syncing;

  static async open(options) {
    const agent = new Agent();
    agent.#options = {
      url: "/sync",
      fetch: globalThis.fetch?.bind(globalThis),
      now: Date.now,
      random: (bytes) => crypto.getRandomValues(bytes),
      capacity: CAPACITY,
      ...options,
      policy: { ...POLICY, ...options.policy },
    };
    agent.#credentials = options.credentials;
    agent.#module = await Module.load(options.wasm);
    await agent.#store(() => agent.#module.call(STATUS, {}));
    return agent;
  }

  async append(records, companion) {
    const all = Array.isArray(records) ? records : [records];
    const reply = await this.#store(() => this.#module.call(APPEND, all), companion);
    return reply.seqs.map((seq) => ({ epoch: reply.epoch, seq }));
  }

  status() {
    const { waiting, used, capacity, dueAt } = this.#status;
    return { waiting, used, capacity, dueAt };
  }

  sync() {
    this.#syncing ??= this.#exchange().finally(() => (this.#syncing = undefined));
    return this.#syncing;
  }

  rekey(credentials) {
    this.#credentials = credentials;
    if (!this.#isStale) this.#note(this.#module.call(REKEY, { key: credentials.key }, credentials.up, credentials.down));
  }

  /** Sends and takes answers until there is nothing to send. What is sent was stored before. */
  async #exchange() {
    const { url, fetch, now, policy } = this.#options;
    const report = { outcome: "done", settled: 0, tasks: [] };
    await this.#store(() => this.#module.call(SCHEDULE, { now: now() }));
    for (;;) {
      const { body, isIdle, dueAt } = await this.#store(() => this.#module.call(TRANSMIT, { now: now() }));
      if (body.length === 0 && isIdle) break;
      if (body.length === 0) {
        await new Promise((resolve) => setTimeout(resolve, Math.max(1, dueAt - now())));
        continue;
      }
      let answer;
      try {
        const headers = { "content-type": "application/cbor" };
        const signal = AbortSignal.timeout(policy.answer);
        const response = await fetch(url, { method: "POST", headers, body, signal });
        answer = new Uint8Array(await response.arrayBuffer());
      } catch {
        answer = new Uint8Array();
      }
      const reply = await this.#store(() => this.#module.call(RECEIVE, { now: now() }, answer));
      if (reply.answer?.taken !== undefined) {
        report.settled += reply.settled;
        report.tasks.push(...reply.tasks);
        report.skew = reply.answer.taken - Math.floor(now() / 1000);
        continue;
      }
      report.outcome = reply.answer?.refused ? "refused" : "unreachable";
      report.refusal = reply.answer?.refused;
      if (!reply.answer?.refused) await this.#store(() => this.#module.call(FAIL, { now: now() }));
      break;
    }
    return { ...report, dueAt: this.#status.dueAt };
  }

  /** Makes a call and stores what it brought about, one at a time. When that fails, the call never was. */
  #store(make, companion) {
    return this.#inTurn(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          if (this.#isStale) await this.#load();
          const reply = make();
          await this.#write(reply, companion);
          return this.#note(reply);
        } catch (error) {
          // Whatever AgentError says, the module has changed nothing.
          if (!(error instanceof AgentError)) this.#isStale = true;
          if (!(error instanceof Moved) || attempt === ATTEMPTS) throw error;
        }
      }
    });
  }

  async #write({ put, remove, tasks }, companion) {
    if (put.length + remove.length + tasks.length === 0 && companion === undefined) return;
    const [expects, revision] = [this.#revision, this.#revision + 1];
    await this.#options.storage.write({ expects, revision, put, remove, companion, tasks });
    this.#revision = revision;
  }

  async #load() {
    const { storage, capacity, policy, random } = this.#options;
    const { revision, entries } = await storage.load();
    const drawn = new Uint8Array(8);
    random(drawn);
    const [fresh, seed] = new Uint32Array(drawn.buffer);
    const { device, key, up, down } = this.#credentials;
    const lengths = entries.map(([name, value]) => [name, value.length]);
    const request = { device, key, fresh, seed, capacity, policy, entries: lengths };
    const reply = this.#module.call(OPEN, request, up, down, ...entries.map(([, value]) => value));
    this.#revision = revision;
    await this.#write(reply);
    this.#isStale = false;
    this.#note(reply);
  }

  #note(reply) {
    this.#status = reply;
    return reply;
  }

  #inTurn(work) {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}
