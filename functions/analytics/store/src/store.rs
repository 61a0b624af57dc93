//! The database as the API's port.

use std::sync::Arc;
use std::time::Duration;

use analytics_contract::{RejectedRow, Upload};
use analytics_core::{
    AccuracyRow, ExplainQuestion, ExplainedGroup, Fault, Group, GroupQuestion, NewUpload, ProgramRow, RejectedText,
    Reverted, Store,
};
use deadpool_postgres::ClientWrapper;
use function_postgres::{Client, Failed, Pool, work_on};
use jiff::Timestamp;
use uuid::Uuid;

use crate::program::Programs;
use crate::{Error, questions, report, revert};

/// The database, and how long to wait for a connection.
#[derive(Debug, Clone)]
pub struct Database {
    pool: Pool,
    /// A client waits for the answer, and HTTP APIs give up after 30 s; a cluster that is paused takes about 15 s to resume.
    patience: Duration,
    programs: Arc<Programs>,
}

impl Database {
    pub fn new(pool: Pool, patience: Duration) -> Self {
        Self { pool, patience, programs: Arc::default() }
    }

    /// A connection.
    ///
    /// # Errors
    /// [`Error::Asleep`] when there is none in time, and the errors of the connection.
    pub async fn client(&self) -> Result<Client, Error> {
        let asleep = |_| Error::Asleep { seconds: self.patience.as_secs() };
        let connection = tokio::time::timeout(self.patience, self.pool.get()).await.map_err(asleep)?;
        connection.map_err(Error::Unreachable)
    }

    /// Works on a connection; one that may have broken is not used again.
    ///
    /// # Errors
    /// [`Error::Asleep`] when there is none in time, the errors of the connection, and those of the work.
    pub async fn work<R, E: Failed + From<Error>>(
        &self,
        work: impl AsyncFnOnce(&mut ClientWrapper) -> Result<R, E>,
    ) -> Result<R, E> {
        work_on(self.client().await?, work).await
    }
}

impl Store for Database {
    async fn version(&self) -> Result<i64, Fault> {
        Ok(self.work(async |client| questions::version(client).await).await?)
    }

    async fn groups(&self, version: i64, question: &GroupQuestion) -> Result<Vec<Group>, Fault> {
        match self.programs.known(version, question) {
            Some(groups) => Ok(groups),
            None => Ok(self.work(async |client| self.programs.groups(client, version, question).await).await?),
        }
    }

    async fn programs(&self, after: Option<&str>, limit: u16) -> Result<Vec<ProgramRow>, Fault> {
        Ok(self.work(async |client| questions::programs(client, after, limit).await).await?)
    }

    async fn explain(&self, version: i64, question: &ExplainQuestion) -> Result<Vec<ExplainedGroup>, Fault> {
        let explained = self.work(async |client| {
            let groups = self.programs.groups(client, version, &question.of).await?;
            questions::explain(client, question, groups).await
        });
        Ok(explained.await?)
    }

    async fn accuracy(&self, question: &GroupQuestion) -> Result<Vec<AccuracyRow>, Fault> {
        Ok(self.work(async |client| questions::accuracy(client, question).await).await?)
    }

    async fn create_upload(&self, upload: &NewUpload) -> Result<(), Fault> {
        Ok(self.work(async |client| report::create(client, upload).await).await?)
    }

    async fn uploads(&self, after: Option<Uuid>, limit: u16) -> Result<Vec<Upload>, Fault> {
        Ok(self.work(async |client| report::uploads(client, after, i64::from(limit)).await).await?)
    }

    async fn upload(&self, id: Uuid) -> Result<Option<Upload>, Fault> {
        Ok(self.work(async |client| report::upload(client, id).await).await?)
    }

    async fn faults(&self, id: Uuid, after: u64, limit: u16) -> Result<Vec<RejectedRow>, Fault> {
        Ok(self.work(async |client| report::faults(client, id, after, limit).await).await?)
    }

    async fn rejected_rows(&self, id: Uuid, after: u64, limit: u16) -> Result<Option<RejectedText>, Fault> {
        Ok(self.work(async |client| report::rejected_rows(client, id, after, limit).await).await?)
    }

    async fn revert(&self, id: Uuid, now: Timestamp) -> Result<Reverted, Fault> {
        Ok(self.work(async |client| revert(client, id, now).await).await?)
    }
}
