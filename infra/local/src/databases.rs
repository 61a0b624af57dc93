//! The databases that systems request, on one PostgreSQL, each with its owner and the roles that RDS would have.

use std::fmt::Write;

/// A database and the role that owns it, which is a cluster's MasterUsername on AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Database {
    pub name: &'static str,
    pub owner: &'static str,
}

/// As RDS has them, for every database.
const RDS_ROLES: &str = "\
create role rds_iam nologin;

create role rds_superuser nologin;

grant pg_monitor, pg_signal_backend to rds_superuser with admin option;

";

/// Statements in the form of PostgreSQL's single-user mode, each followed by an empty line. They run again when a
/// database is added.
///
/// As on RDS, an owner is not a superuser, may create roles, and may grant `rds_iam` without being a member itself.
pub(crate) fn sql(databases: &[Database]) -> String {
    let mut sql = RDS_ROLES.to_owned();
    for Database { name, owner } in databases {
        let _ = write!(
            sql,
            "create role \"{owner}\" login createrole createdb;\n\n\
             grant rds_superuser to \"{owner}\";\n\n\
             grant rds_iam to \"{owner}\" with admin true, inherit false, set false;\n\n\
             create database \"{name}\" owner \"{owner}\";\n\n"
        );
    }
    sql
}

/// `pg_hba.conf`. The emulator's control plane cannot give an owner its generated password, so owners are trusted; every
/// other role has its own password.
pub(crate) fn authentication(databases: &[Database]) -> String {
    let mut rules = String::new();
    for Database { owner, .. } in databases {
        let _ = writeln!(rules, "host  all  \"{owner}\"  127.0.0.1/32  trust");
    }
    rules + "host  all  postgres  127.0.0.1/32  reject\nhost  all  all  127.0.0.1/32  scram-sha-256\n"
}

/// Without a password: see [`authentication`].
pub(crate) fn url(name: &str, owner: &str, port: u16) -> String {
    format!("postgres://{owner}@127.0.0.1:{port}/{name}")
}
