// What an application writes with the types of the catalogue. Each line that is marked is an error, or tsc complains.
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

// As EventSchemas().fromRecord<GroundworkEvents>() of Inngest takes it.
type Records = Record<string, { data: unknown }>;
const taken = <T extends Records>(_: (keyof T)[]): number => events.length;
const names: EventName[] = ["user/signed.up"];
taken<GroundworkEvents>(names);
