// Inngest's own client, version 3, with the types of the catalogue. Version 4 has no EventSchemas.
import { EventSchemas, Inngest } from "inngest3";
import type { GroundworkEvents } from "./groundwork-events.js";

const inngest = new Inngest({ id: "shop", schemas: new EventSchemas().fromRecord<GroundworkEvents>() });
void inngest.send({ name: "user/signed.up", data: { workspaceId: "acme", userId: "bob" }, id: "bob" });
void inngest.send({ name: "TREE_GROWN", data: { workspaceId: "a", root: { kind: "leaf", "odd-name": "x" } } });
// @ts-expect-error: a name that there is not
void inngest.send({ name: "user/signed.op", data: { workspaceId: "acme", userId: "bob" } });
// @ts-expect-error: a field is missing
void inngest.send({ name: "user/signed.up", data: { workspaceId: "acme" } });

inngest.createFunction({ id: "greet" }, { event: "user/signed.up" }, async ({ event }) => {
  const userId: string = event.data.userId;
  // @ts-expect-error: a field that there is not
  return [userId, event.data.email];
});
