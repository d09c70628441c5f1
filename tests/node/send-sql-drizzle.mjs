// Sends an event in the transaction of the application's own rows, with Drizzle. The connection is in PG* variables.
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { pgTable, text } from "drizzle-orm/pg-core";
import pg from "pg";

const account = pgTable("account", { id: text("id").primaryKey() });
const pool = new pg.Pool();
const db = drizzle(pool);
const [userId, workspaceId] = process.argv.slice(2);
try {
  const id = await db.transaction(async (tx) => {
    await tx.insert(account).values({ id: userId });
    const sent = await tx.execute(sql`SELECT groundwork.send('user/signed.up', ${{ workspaceId, userId }}) AS id`);
    return sent.rows[0].id;
  });
  console.log(JSON.stringify({ id }));
} catch ({ cause }) {
  console.log(JSON.stringify({ code: cause.code, field: cause.column, message: cause.message }));
} finally {
  await pool.end();
}
