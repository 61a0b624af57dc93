//! Uploads assets and large templates to the bucket, each content once, a few at a time. Never uploads what is already there.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{OnceCell, Semaphore};

use super::digest::sha256;
use crate::run::Listener;
use crate::{Archive, AssetStore, BucketState, Error, Event, Options, Stack, TemplateLocation};

/// CloudFormation's limits for a template in bytes: in the request, and in S3.
/// Source: "AWS CloudFormation quotas", template body size.
const BODY_LIMIT: usize = 51_200;
pub(crate) const URL_LIMIT: usize = 1_000_000;

/// Archives that are packed and sent at the same time: one is packed while another is being sent.
const AT_ONCE: usize = 2;

/// The uploads of one run. The first caller that needs an asset uploads it, the others wait for that.
pub(crate) struct Assets<'a, S> {
    store: &'a S,
    options: &'a Options,
    listener: &'a Listener<'a>,
    archives: BTreeMap<&'a str, (&'a Archive, OnceCell<()>)>,
    bucket: OnceCell<()>,
    room: Semaphore,
}

impl<'a, S: AssetStore> Assets<'a, S> {
    pub(crate) fn new(
        store: &'a S,
        options: &'a Options,
        listener: &'a Listener<'a>,
        archives: impl IntoIterator<Item = &'a Archive>,
    ) -> Self {
        let archives = archives.into_iter().map(|archive| (archive.name(), (archive, OnceCell::new()))).collect();
        Self { store, options, listener, archives, bucket: OnceCell::new(), room: Semaphore::new(AT_ONCE) }
    }

    /// Key of an asset, when it was built.
    pub(crate) fn key(&self, asset: &str) -> Option<String> {
        self.archives.get(asset).map(|(archive, _)| archive.key())
    }

    pub(crate) fn bucket(&self) -> &str {
        self.store.bucket()
    }

    /// Uploads everything that is missing. Failures are left to [`Self::ensure`], which reports them to the stack concerned.
    pub(crate) async fn upload_all(&self) {
        let uploads: FuturesUnordered<_> = self.archives.keys().map(|asset| self.ensure(asset)).collect();
        uploads.for_each(async |_| {}).await;
    }

    /// Uploads an asset unless one with the same content exists.
    pub(crate) async fn ensure(&self, asset: &str) -> Result<(), Error> {
        let Some((archive, uploaded)) = self.archives.get(asset) else { return Ok(()) };
        uploaded.get_or_try_init(async || self.upload(archive).await).await.copied()
    }

    /// The template in the request if it fits, otherwise through the bucket under the hash of its text.
    pub(crate) async fn template(&self, stack: &Stack) -> Result<TemplateLocation, Error> {
        if stack.template.len() <= BODY_LIMIT {
            return Ok(TemplateLocation::Body(stack.template.clone()));
        }
        self.ensure_bucket().await?;
        let bytes = stack.template.as_bytes();
        let key = format!("templates/{}/{}.yaml", stack.stack_name, sha256(bytes));
        let pace = self.options.pace;
        if !self.listener.retry(pace, async || self.store.contains(&key).await).await? {
            self.listener.retry(pace, async || self.store.put(&key, "application/yaml", bytes).await).await?;
        }
        Ok(TemplateLocation::Url(self.store.url(&key)))
    }

    async fn ensure_bucket(&self) -> Result<(), Error> {
        let make =
            async || match self.listener.retry(self.options.pace, async || self.store.ensure_bucket().await).await? {
                BucketState::Present => Ok(()),
                BucketState::Created => {
                    self.listener.notify(Event::BucketCreated { bucket: self.store.bucket().to_owned() });
                    Ok(())
                }
                BucketState::Foreign => Err(Error::ForeignBucket {
                    bucket: self.store.bucket().to_owned(),
                    account: self.store.account().to_owned(),
                }),
            };
        self.bucket.get_or_try_init(make).await.copied()
    }

    async fn upload(&self, archive: &Archive) -> Result<(), Error> {
        self.ensure_bucket().await?;
        let (asset, key, pace) = (archive.name().to_owned(), archive.key(), self.options.pace);
        // Never closed, so a permit always becomes available.
        let _room = self.room.acquire().await;
        if self.listener.retry(pace, async || self.store.contains(&key).await).await? {
            self.listener.notify(Event::AssetPresent { asset, key });
            return Ok(());
        }
        let packed = pack(archive).await.map_err(|source| Error::Archive { asset: asset.clone(), source })?;
        let length = packed.metadata().map(|metadata| metadata.len());
        let bytes = length.map_err(|source| Error::Archive { asset: asset.clone(), source })?;
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        self.listener.notify(Event::AssetUploading { asset: asset.clone(), bytes });
        self.listener.retry(pace, async || self.store.put_file(&key, "application/zip", &packed).await).await?;
        self.listener.notify(Event::AssetUploaded { asset, key, bytes });
        Ok(())
    }
}

/// Packs on a separate thread, so that progress continues meanwhile.
async fn pack(archive: &Archive) -> io::Result<File> {
    let archive = archive.clone();
    tokio::task::spawn_blocking(move || archive.packed()).await.map_err(io::Error::other)?
}
