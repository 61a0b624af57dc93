//! The local cloud as child processes: MiniStack, PostgreSQL and the FIPE server.
