// Sends an event in the transaction of the application's own rows, with node-postgres. The connection is in PG* variables.
import pg from "pg";

const client = new pg.Client();
await client.connect();
try {
  await client.query("BEGIN");
  await client.query("INSERT INTO public.account (id) VALUES ($1)", [process.argv[2]]);
  const { rows } = await client.query("SELECT groundwork.send($1, $2) AS id", [
    "user/signed.up",
    { workspaceId: process.argv[3], userId: process.argv[2] },
  ]);
  await client.query("COMMIT");
  console.log(JSON.stringify({ id: rows[0].id }));
} catch (error) {
  await client.query("ROLLBACK");
  console.log(JSON.stringify({ code: error.code, field: error.column, message: error.message }));
} finally {
  await client.end();
}
