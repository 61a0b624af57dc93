//! Uploads assets and large templates to the bucket, each content once, a few at a time. Never overwrites what is already there, and never uses
//! it before S3 has told that it is what would have been uploaded.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{OnceCell, Semaphore};

use super::digest::Sha256;
use crate::run::Listener;
use crate::{
    Archive, AssetStore, Body, BucketState, Error, Event, Object, Options, Stack, Stored, TemplateLocation, Written,
};

/// CloudFormation's limits for a template in bytes: in the request, and in S3.
/// Source: "AWS CloudFormation quotas", template body size.
const BODY_LIMIT: usize = 51_200;
pub(crate) const URL_LIMIT: usize = 1_000_000;

/// Archives that are packed and sent at the same time: one is packed while another is being sent.
const AT_ONCE: usize = 2;

/// How often an object may be there when it is written and be gone when it is looked at.
const ATTEMPTS: u32 = 5;

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
        self.archives.get(asset).map(|(archive, _)| archive.key(self.store.stage()))
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
        let sha256 = Sha256::of(bytes);
        let key = format!("{}/templates/{}/{}.yaml", self.store.stage(), stack.stack_name, sha256.hex());
        if !self.has(&key, sha256).await? {
            self.put(Object { key: &key, content_type: "application/yaml", sha256, body: Body::Bytes(bytes) }).await?;
        }
        Ok(TemplateLocation::Url(self.store.url(&key)))
    }

    /// Makes sure of the bucket, which takes permissions that a pipeline's role does not have when the bucket does not exist.
    pub(crate) async fn ensure_bucket(&self) -> Result<(), Error> {
        let make =
            async || match self.listener.retry(self.options.pace, async || self.store.ensure_bucket().await).await? {
                BucketState::Present => Ok(()),
                BucketState::Created => {
                    self.listener.notify(Event::BucketCreated { bucket: self.store.bucket().to_owned() });
                    Ok(())
                }
                BucketState::Missing => Err(Error::NoBucket { bucket: self.store.bucket().to_owned() }),
                BucketState::Foreign => Err(Error::ForeignBucket {
                    bucket: self.store.bucket().to_owned(),
                    account: self.store.account().to_owned(),
                }),
            };
        self.bucket.get_or_try_init(make).await.copied()
    }

    async fn upload(&self, archive: &Archive) -> Result<(), Error> {
        self.ensure_bucket().await?;
        let (asset, key, sha256) = (archive.name().to_owned(), archive.key(self.store.stage()), archive.sha256());
        // Never closed, so a permit always becomes available.
        let _room = self.room.acquire().await;
        if self.has(&key, sha256).await? {
            self.listener.notify(Event::AssetPresent { asset, key });
            return Ok(());
        }
        let packed = pack(archive).await.map_err(|source| Error::Archive { asset: asset.clone(), source })?;
        let length = packed.metadata().map(|metadata| metadata.len());
        let bytes = length.map_err(|source| Error::Archive { asset: asset.clone(), source })?;
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        self.listener.notify(Event::AssetUploading { asset: asset.clone(), bytes });
        let object = Object { key: &key, content_type: "application/zip", sha256, body: Body::File(&packed) };
        self.listener.notify(match self.put(object).await? {
            Written::Created => Event::AssetUploaded { asset, key, bytes },
            Written::Exists => Event::AssetPresent { asset, key },
        });
        Ok(())
    }

    /// Whether the bucket has exactly this object. Another one under its key is an error: whoever wrote it did not upload our content.
    async fn has(&self, key: &str, sha256: Sha256) -> Result<bool, Error> {
        match self.listener.retry(self.options.pace, async || self.store.stored(key).await).await? {
            Stored::Absent => Ok(false),
            Stored::Present { sha256: Some(stored) } if stored == sha256.base64() => Ok(true),
            Stored::Present { sha256: stored } => Err(Error::OtherObject {
                bucket: self.store.bucket().to_owned(),
                key: key.to_owned(),
                expected: sha256.base64(),
                stored,
            }),
        }
    }

    /// Uploads an object, unless somebody else has done so meanwhile.
    async fn put(&self, object: Object<'_>) -> Result<Written, Error> {
        for _ in 0..ATTEMPTS {
            let written = self.listener.retry(self.options.pace, async || self.store.put(object).await).await?;
            if written == Written::Created || self.has(object.key, object.sha256).await? {
                return Ok(written);
            }
        }
        Err(Error::Overtaken { stack: object.key.to_owned(), attempts: ATTEMPTS })
    }
}

/// Packs on a separate thread, so that progress continues meanwhile.
async fn pack(archive: &Archive) -> io::Result<File> {
    let archive = archive.clone();
    tokio::task::spawn_blocking(move || archive.packed()).await.map_err(io::Error::other)?
}
