// Sends what stdin asks for with one of Inngest's own clients, all at once, and prints what each call gave.
//
// stdin:  {"client": "inngest4", "calls": [{"key": "…", "base": "…", "events": […]}, …]}
//         key and base are left out where the environment has them.
// stdout: [{"ids": […]} or {"error": "…"}, …]
import { text } from "node:stream/consumers";

const asked = JSON.parse(await text(process.stdin));
const { Inngest } = await import(asked.client);
const silent = { debug() {}, info() {}, warn() {}, error() {} };

const results = await Promise.all(
  asked.calls.map(async ({ key, base, events }) => {
    try {
      const client = new Inngest({ id: "shop", eventKey: key, baseUrl: base, logger: silent });
      const { ids } = await client.send(events);
      return { ids };
    } catch (error) {
      return { error: String(error?.message ?? error) };
    }
  }),
);
process.stdout.write(JSON.stringify(results));
