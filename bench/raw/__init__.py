"""The limit: no framework, no rules, only what PostgreSQL and HTTP themselves cost."""
