"""From the project and its jobs to what runs them: the inbox knows the jobs, Prefect has pool, blocks, deployments."""
