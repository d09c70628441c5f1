-- name: look
-- Settings of a transaction of people who look. They end with it. Everything that they ask for has an index, which a table's
-- statistics may speak against where the first rows are enough.
SELECT set_config('transaction_read_only', 'on', true),
       set_config('statement_timeout', :longest, true),
       set_config('plan_cache_mode', 'force_custom_plan', true),
       set_config('enable_seqscan', 'off', true),
       set_config('jit', 'off', true);
