// What an application writes with the types of the catalogue. Each line that is marked is an error, or tsc complains.
import { Groundwork } from "./groundwork.js";
import type { EventName, GroundworkEvent, GroundworkEvents } from "./groundwork-events.js";

const events: GroundworkEvent[] = [
  { name: "user/signed.up", data: { workspaceId: "acme", userId: "bob" }, id: "bob", ts: 0 },
  {
    name: "import/csv.confirmed",
    data: {
      workspaceId: "acme",
      userId: "bob",
      importId: "1",
      options: { onConflict: "skip", columns: { Mail: "email", Other: null }, headerLine: "none" },
    },
  },
  // @ts-expect-error: a field is missing
  { name: "user/signed.up", data: { workspaceId: "acme" } },
  // @ts-expect-error: a field that there is not
  { name: "user/signed.up", data: { workspaceId: "acme", userId: "bob", user: "bob" } },
  // @ts-expect-error: another event's choice
  { name: "import/csv.confirmed", data: { workspaceId: "a", userId: "b", importId: "1", options: { onConflict: "merge" } } },
];

// By a name that its senders give it.
const aliased: GroundworkEvent = { name: "TREE_GROWN", data: { workspaceId: "a", root: { kind: "leaf", "odd-name": "x" } } };
// @ts-expect-error: another's data
const mistaken: GroundworkEvent = { name: "TREE_GROWN", data: { workspaceId: "a", userId: "b" } };

// As our own client takes it.
const groundwork = new Groundwork<GroundworkEvents>({ url: "https://jobs.example.com", key: "k" });
void groundwork.send("user/signed.up", { workspaceId: "acme", userId: "bob" });
void groundwork.sendMany([{ name: "TREE_GROWN", data: aliased.data as GroundworkEvents["TREE_GROWN"]["data"] }]);
// @ts-expect-error: a name that there is not
void groundwork.send("user/signed.op", { workspaceId: "acme", userId: "bob" });
// @ts-expect-error: a field is missing
void groundwork.send("user/signed.up", { workspaceId: "acme" });

// As EventSchemas().fromRecord<GroundworkEvents>() of Inngest takes it.
type Records = Record<string, { data: unknown }>;
const taken = <T extends Records>(_: (keyof T)[]): number => events.length;
const names: EventName[] = ["user/signed.up"];
taken<GroundworkEvents>(names);
