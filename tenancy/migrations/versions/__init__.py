"""One file per step; `HEAD` in tenancy.database names the newest one."""
