"""What `groundwork new` writes: a team's project, and a job in it. The files' contents are in ``templates``."""
