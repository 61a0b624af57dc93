//! Migrations: ordered, checksummed, in one transaction each, recorded, and safe to run repeatedly and concurrently.
//!
//! A migration that was changed after it was applied, or that comes before an applied one, is an error.

use std::borrow::Cow;
use std::path::Path;
use std::{fs, io};

use deadpool_postgres::{ClientWrapper, GenericClient, Transaction};
use sha2::{Digest, Sha256};

use crate::Error;

/// One file of `sql/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Folder and file without extension, such as `fipe/0001_create_prices`; names order the migrations of a folder.
    pub name: Cow<'static, str>,
    /// Its statements, without `BEGIN` and `COMMIT`.
    pub sql: Cow<'static, str>,
}

impl Migration {
    /// All `.sql` files of one folder, in order; the folder's name is part of theirs.
    ///
    /// # Errors
    /// When the folder or a file cannot be read.
    pub fn read_folder(folder: &Path) -> io::Result<Vec<Self>> {
        let set = folder.file_name().unwrap_or_default().to_string_lossy();
        let mut migrations = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "sql") {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                migrations.push(Self { name: format!("{set}/{stem}").into(), sql: fs::read_to_string(&path)?.into() });
            }
        }
        migrations.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(migrations)
    }

    fn folder(&self) -> &str {
        self.name.split_once('/').map_or("", |(folder, _)| folder)
    }
}

/// Applies what is not applied yet, in the order given, and returns the names of what it applied.
///
/// Migrations in the database beyond the given ones stay: a stack that rolls back runs the older set.
///
/// # Errors
/// The first migration that fails; those before it stay applied.
pub async fn apply(client: &mut ClientWrapper, migrations: &[Migration]) -> Result<Vec<String>, Error> {
    let transaction = locked(client).await?;
    transaction
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS schema_migration (
                name text PRIMARY KEY,
                sha256 text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now()
            )",
        )
        .await?;
    transaction.commit().await?;

    let mut applied = Vec::new();
    for migration in migrations {
        if apply_one(client, migration).await? {
            applied.push(migration.name.to_string());
        }
    }
    Ok(applied)
}

async fn apply_one(client: &mut ClientWrapper, migration: &Migration) -> Result<bool, Error> {
    let name = migration.name.as_ref();
    let checksum =
        Sha256::digest(migration.sql.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let transaction = locked(client).await?;
    let known = "SELECT sha256 FROM schema_migration WHERE name = $1";
    if let Some(row) = transaction.query_opt(known, &[&name]).await? {
        return if row.get::<_, &str>(0) == checksum {
            Ok(false)
        } else {
            Err(Error::MigrationChanged { name: name.to_owned() })
        };
    }
    let later =
        "SELECT name FROM schema_migration WHERE split_part(name, '/', 1) = $1 AND name COLLATE \"C\" > $2 LIMIT 1";
    if let Some(row) = transaction.query_opt(later, &[&migration.folder(), &name]).await? {
        return Err(Error::MigrationOrder { name: name.to_owned(), applied: row.get(0) });
    }
    let failed = |source| Error::Migration { name: name.to_owned(), source };
    transaction.batch_execute(&migration.sql).await.map_err(failed)?;
    let record = "INSERT INTO schema_migration (name, sha256) VALUES ($1, $2)";
    transaction.execute(record, &[&name, &checksum]).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    Ok(true)
}

/// A transaction that holds the lock of all migrations until it ends, so that the lock cannot be left behind.
async fn locked(client: &mut ClientWrapper) -> Result<Transaction<'_>, Error> {
    let transaction = client.transaction().await?;
    transaction.execute("SELECT pg_advisory_xact_lock(hashtextextended('schema_migration', 0))", &[]).await?;
    Ok(transaction)
}
