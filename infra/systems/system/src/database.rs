//! The settings of a system's Aurora cluster, with the same keys for each system that has one.

use constructs::DatabaseCapacity;

use crate::{Section, StageName};

/// Size and safety of an Aurora cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Database {
    pub capacity: DatabaseCapacity,
    /// Days for which automatic backups are kept, 1 to 35.
    pub backup_days: u32,
    pub deletion_protection: bool,
    pub tls: Tls,
}

/// How functions connect to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Certificate and host name are checked against the RDS certificate bundle.
    VerifyFull,
    /// Plain text; on the stage local only.
    Disable,
}

impl Tls {
    /// The value of `RDS_TLS`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VerifyFull => "verify-full",
            Self::Disable => "disable",
        }
    }
}

impl Database {
    /// `capacity`, `backup_days`, `deletion_protection`, `tls`.
    pub fn read(mut section: Section<'_>, stage: StageName) -> Self {
        let tls = section.one_of("tls", &[("verify-full", Tls::VerifyFull), ("disable", Tls::Disable)]);
        if tls == Tls::Disable && stage != StageName::Local {
            section.fault("tls", "\"disable\" is allowed on the stage local only; write \"verify-full\"");
        }
        let database = Self {
            capacity: read_capacity(section.section("capacity")),
            backup_days: section.whole("backup_days", 1..=35, "days"),
            deletion_protection: section.flag("deletion_protection"),
            tls,
        };
        section.refuse_unknown_keys();
        database
    }
}

fn read_capacity(mut section: Section<'_>) -> DatabaseCapacity {
    let serverless = section.has("min_acu") || section.has("max_acu");
    let capacity = if serverless {
        let (min_acu, max_acu) =
            (section.number("min_acu", 0.0..=256.0, 0.5), section.number("max_acu", 1.0..=256.0, 0.5));
        if min_acu > max_acu {
            section.fault("min_acu", format!("{min_acu} is above max_acu {max_acu}"));
        }
        DatabaseCapacity::ServerlessV2 { min_acu, max_acu }
    } else {
        let known = DatabaseCapacity::instance_classes().collect::<Vec<_>>();
        let allowed = format!("one of {}; or write min_acu and max_acu", known.join(", "));
        DatabaseCapacity::InstanceClass(section.text("instance_class", &allowed, |class| known.contains(&class)))
    };
    section.refuse_unknown_keys();
    capacity
}
