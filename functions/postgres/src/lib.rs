//! Pooled PostgreSQL connections with TLS and secrets, and migrations.
