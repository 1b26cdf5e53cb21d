"""One file per migration. `HEAD` in tenancy.database names the newest one."""
