/**
 * Sends events to a Groundwork gateway. One file, without dependencies: Node 20 or later, Deno, Bun, workers;
 * TypeScript 5.7 or later.
 *
 *     import type { GroundworkEvents } from "./groundwork-events"; // of `groundwork catalogue --typescript`
 *     const groundwork = new Groundwork<GroundworkEvents>({ url: "https://jobs.example.com", key: KEY });
 *     await groundwork.send("user/signed.up", { workspaceId: "acme", userId: "bob" });
 *
 * Every event has an id before it is first sent, and keeps it: what is sent again is stored once.
 */

/** What the catalogue says: the data of each event, by its name. A type or an interface. */
export type Catalogue<Events> = { [Name in keyof Events]: { data: object } };

/** Any event, for who has no types of the catalogue. */
export type AnyEvents = Record<string, { data: Record<string, unknown> }>;

/** An event as it is sent. */
export type Outgoing<Events extends Catalogue<Events>> = {
  [Name in keyof Events & string]: {
    /** `domain/noun.verb`. */
    name: Name;
    /** Its fields in camelCase, `workspaceId` among them. */
    data: Events[Name]["data"];
    /** By which the gateway knows it again, 1 to 255 characters. Default: a new one. */
    id?: string;
    /** When it happened, in milliseconds since 1970; in the future, its jobs start then. Default: when it arrives. */
    ts?: number;
  };
}[keyof Events & string];

/** What became of an event: its id as it was sent, and the gateway's, by which its state can be asked for. */
export type Receipt = { id: string; eventId: string };

export type Options = {
  /** Of the gateway, such as `https://jobs.example.com`. */
  url: string;
  /** Event key. */
  key: string;
  /** Standard Webhooks secret, `whsec_…`; several, comma-separated, as the gateway has them: the first signs. */
  secret?: string;
  /** Milliseconds for which a request may take. Default: 10,000. */
  timeout?: number;
  /** Of each request. Default: 4. */
  tries?: number;
  /** Milliseconds before the second try; each further pause is twice as long. Default: 500. */
  firstPause?: number;
  /** Bytes of one request. Default: 3 MiB; the gateway takes 4 MiB unless it is told otherwise. */
  mostBytes?: number;
  /** In place of the global one. */
  fetch?: typeof fetch;
};

/** One fault of a request: a JSON pointer into the request's array of events, the reason and the cure. */
export type Fault = { pointer: string; reason: string; cure: string };

/** The gateway cannot take this, now or later. Mend what it names, and send it again. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: number;
  readonly details: Fault[];
  /** Of the events of the request; the number in a fault's pointer is a place among them. */
  readonly ids: string[];

  constructor(status: number, error: string, details: Fault[], ids: string[]) {
    const faults = details.map((each) => `\n  ${each.pointer || "the event"}: ${each.reason} ${each.cure}`);
    super(`${status} ${error}${faults.join("")}`);
    this.status = status;
    this.details = details;
    this.ids = ids;
  }
}

/**
 * The gateway could not be reached, or was busy, each time. Some of the events may have been stored: send them again
 * with the same ids, which stores each once.
 */
export class GatewayAway extends Error {
  override readonly name = "GatewayAway";
}

/** What answers at this URL is not a Groundwork gateway. Check the URL. */
export class NotAGateway extends Error {
  override readonly name = "NotAGateway";
}

type Written = { id: string; json: Uint8Array<ArrayBuffer> };

const MOST_EVENTS = 1_000;
const LONGEST_ID = 255;
const LONGEST_PAUSE = 30_000;
const AGAIN = new Set([408, 425, 429, 502, 503, 504]);
const COMMA = 0x2c;

const utf8 = new TextEncoder();

export class Groundwork<Events extends Catalogue<Events> = AnyEvents> {
  readonly #url: string;
  readonly #key: string;
  readonly #secret: Uint8Array<ArrayBuffer> | undefined;
  readonly #timeout: number;
  readonly #tries: number;
  readonly #firstPause: number;
  readonly #mostBytes: number;
  readonly #fetch: typeof fetch;

  constructor(options: Options) {
    const url = parsed(options.url);
    if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username) {
      throw new TypeError("url: http:// or https://, a host, and nothing behind the path");
    }
    if (!/^[!-~]+$/.test(options.key)) throw new TypeError("key: visible ASCII characters; is there a line end behind it?");
    this.#url = options.url.replace(/\/+$/, "");
    this.#key = options.key;
    this.#secret = options.secret === undefined ? undefined : secretBytes(options.secret);
    this.#timeout = options.timeout ?? 10_000;
    this.#tries = Math.max(1, options.tries ?? 4);
    this.#firstPause = options.firstPause ?? 500;
    this.#mostBytes = options.mostBytes ?? 3 * 1024 * 1024;
    this.#fetch = options.fetch ?? ((...parts) => fetch(...parts));
  }

  /** Send an event; it is stored when this resolves. Throws Refused, GatewayAway or NotAGateway. */
  async send<Name extends keyof Events & string>(
    name: Name,
    data: Events[Name]["data"],
    more: { id?: string; ts?: number } = {},
  ): Promise<Receipt> {
    const [receipt] = await this.sendMany([{ name, data, ...more } as Outgoing<Events>]);
    return receipt!;
  }

  /**
   * Send events, in requests of up to 1,000. Each request is stored as a whole or not at all; if one is refused, those
   * before it stay sent. Give the events ids to be able to send all again.
   */
  async sendMany(events: Iterable<Outgoing<Events>>): Promise<Receipt[]> {
    const written = Array.from(events, write);
    const receipts: Receipt[] = [];
    for (const group of groups(written, this.#mostBytes)) receipts.push(...(await this.#sendGroup(group)));
    return receipts;
  }

  /** What became of an event, as `GET /events/{id}` says. */
  async status(eventId: string): Promise<Record<string, unknown>> {
    return this.#asked("GET", `/events/${encodeURIComponent(eventId)}`);
  }

  async #sendGroup(group: Written[]): Promise<Receipt[]> {
    const sent = group.map((each) => each.id);
    let answer: Record<string, unknown>;
    try {
      answer = await this.#asked("POST", "/events", array(group), sent);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 413 || group.length === 1) throw error;
      const half = group.length >> 1;
      return [...(await this.#sendGroup(group.slice(0, half))), ...(await this.#sendGroup(group.slice(half)))];
    }
    const ids = answer["ids"];
    if (!Array.isArray(ids) || ids.length !== group.length) {
      throw new NotAGateway(`it took ${group.length} events and did not answer with as many ids`);
    }
    return sent.map((id, place) => ({ id, eventId: String(ids[place]) }));
  }

  /** Ask until there is an answer; each try is the same message, signed anew. */
  async #asked(
    method: string,
    path: string,
    body?: Uint8Array<ArrayBuffer>,
    ids: string[] = [],
  ): Promise<Record<string, unknown>> {
    const message = `msg_${crypto.randomUUID().replaceAll("-", "")}`;
    let told = "";
    for (let number = 0; number < this.#tries; number++) {
      let pause = this.#firstPause * 2 ** number * (0.5 + Math.random() / 2);
      const headers: Record<string, string> = { authorization: `Bearer ${this.#key}` };
      if (body) Object.assign(headers, { "content-type": "application/json" }, await this.#signature(message, body));
      try {
        // A redirect would carry the key elsewhere.
        const response = await this.#fetch(this.#url + path, {
          method,
          headers,
          redirect: "manual",
          signal: AbortSignal.timeout(this.#timeout),
          ...(body ? { body } : {}),
        });
        const text = await response.text();
        if (!AGAIN.has(response.status)) return answerOf(response.status, text, ids);
        told = `it answered ${response.status}`;
        const asked = response.headers.get("retry-after") ?? "";
        if (/^\d{1,5}$/.test(asked)) pause = Math.max(pause, Number(asked) * 1000);
      } catch (error) {
        if (error instanceof Refused || error instanceof NotAGateway) throw error;
        told = error instanceof Error ? error.name : "an error";
      }
      if (number + 1 < this.#tries) await new Promise((done) => setTimeout(done, Math.min(pause, LONGEST_PAUSE)));
    }
    throw new GatewayAway(`the gateway did not take it in ${this.#tries} tries; the last time: ${told}`);
  }

  /** Standard Webhooks 1.0.0: HMAC-SHA256 over id, time and body. */
  async #signature(message: string, body: Uint8Array<ArrayBuffer>): Promise<Record<string, string>> {
    if (!this.#secret) return { "webhook-id": message };
    const stamp = Math.floor(Date.now() / 1000).toString();
    const key = await crypto.subtle.importKey("raw", this.#secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const signed = await crypto.subtle.sign("HMAC", key, joined([utf8.encode(`${message}.${stamp}.`), body]));
    const signature = btoa(String.fromCharCode(...new Uint8Array(signed)));
    return { "webhook-id": message, "webhook-timestamp": stamp, "webhook-signature": `v1,${signature}` };
  }
}

function write(event: { name: string; data: object; id?: string; ts?: number }): Written {
  const { name, data, id = crypto.randomUUID(), ts } = event;
  if (id.length < 1 || id.length > LONGEST_ID) throw new RangeError(`id: 1 to ${LONGEST_ID} characters`);
  // JSON.stringify writes NaN and infinite numbers as null, which would be another value.
  const text = JSON.stringify({ name, data, id, ts }, (field, value: unknown) => {
    if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError(`${field}: ${value} is not in JSON`);
    return value;
  });
  return { id, json: utf8.encode(text) };
}

function* groups(events: Written[], mostBytes: number): Generator<Written[]> {
  let group: Written[] = [];
  let size = 0;
  for (const event of events) {
    const bytes = event.json.length + 1;
    if (group.length && (group.length >= MOST_EVENTS || size + bytes > mostBytes)) {
      yield group;
      [group, size] = [[], 0];
    }
    group.push(event);
    size += bytes;
  }
  if (group.length) yield group;
}

function array(group: Written[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [utf8.encode("[")];
  group.forEach((each, place) => parts.push(...(place ? [Uint8Array.of(COMMA), each.json] : [each.json])));
  return joined([...parts, utf8.encode("]")]);
}

function joined(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, each) => sum + each.length, 0));
  let place = 0;
  for (const each of parts) {
    whole.set(each, place);
    place += each.length;
  }
  return whole;
}

function answerOf(status: number, text: string, ids: string[]): Record<string, unknown> {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    answer = undefined;
  }
  const ok = status >= 200 && status < 300;
  if (typeof answer !== "object" || answer === null || Array.isArray(answer) || !(ok || "error" in answer)) {
    throw new NotAGateway(`it answered ${status}, and not as a Groundwork gateway does. Check the URL`);
  }
  const found = answer as Record<string, unknown>;
  if (ok) return found;
  const details = Array.isArray(found["details"]) ? (found["details"] as Fault[]) : [];
  throw new Refused(status, String(found["error"]), details, ids);
}

function secretBytes(secret: string): Uint8Array<ArrayBuffer> {
  const encoded = secret.split(",")[0]!.trim().replace(/^whsec_/, "");
  try {
    return Uint8Array.from(atob(encoded), (each) => each.charCodeAt(0));
  } catch {
    throw new TypeError("secret: whsec_ and base64");
  }
}

function parsed(url: string): URL | undefined {
  try {
    return new URL(url);
  } catch {
    return undefined;
  }
}
