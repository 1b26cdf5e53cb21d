"""How the control plane's tables came to be, step by step; `tenancy.database` runs them."""
