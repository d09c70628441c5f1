-- name: look
-- Settings of a transaction of people who look. They end with it.
SELECT set_config('transaction_read_only', 'on', true),
       set_config('statement_timeout', :longest, true),
       set_config('plan_cache_mode', 'force_custom_plan', true),
       set_config('jit', 'off', true);
