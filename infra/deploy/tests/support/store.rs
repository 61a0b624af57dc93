//! The assets bucket and the stacks' buckets in memory.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};
use std::rc::Rc;

use aws_access::{CallError, CallErrorKind};
use deploy::{AssetStore, Body, BucketEmptier, BucketState, Emptied, Object, Sha256, Stored, Written};

/// Writes on a condition and compares checksums as S3 does.
pub(crate) struct MemoryStore {
    pub(crate) state: Cell<BucketState>,
    pub(crate) objects: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
    /// Keys of objects that were written without asking for a SHA-256, so that S3 has none.
    pub(crate) without_sha256: RefCell<BTreeSet<String>>,
    /// What others write under the key of the next upload, just before it; `None` removes what is there right after it was in the way.
    pub(crate) meanwhile: RefCell<Vec<Option<Vec<u8>>>>,
    pub(crate) uploads: RefCell<Vec<String>>,
}

impl MemoryStore {
    pub(crate) fn absent() -> Self {
        Self {
            state: Cell::new(BucketState::Created),
            objects: Rc::default(),
            without_sha256: RefCell::default(),
            meanwhile: RefCell::default(),
            uploads: RefCell::default(),
        }
    }
}

impl AssetStore for MemoryStore {
    fn bucket(&self) -> &'static str {
        "infra-assets-123456789012-sa-east-1"
    }

    fn stage(&self) -> &'static str {
        "dev"
    }

    fn account(&self) -> &'static str {
        "123456789012"
    }

    fn url(&self, key: &str) -> String {
        format!("https://bucket/{key}")
    }

    async fn ensure_bucket(&self) -> Result<BucketState, CallError> {
        let state = self.state.get();
        if state == BucketState::Created {
            self.state.set(BucketState::Present);
        }
        Ok(state)
    }

    async fn stored(&self, key: &str) -> Result<Stored, CallError> {
        Ok(match self.objects.borrow().get(key) {
            None => Stored::Absent,
            Some(_) if self.without_sha256.borrow().contains(key) => Stored::Present { sha256: None },
            Some(bytes) => Stored::Present { sha256: Some(Sha256::of(bytes).base64()) },
        })
    }

    async fn put(&self, object: Object<'_>) -> Result<Written, CallError> {
        assert_eq!(self.state.get(), BucketState::Present, "upload before the bucket was made sure of");
        let mut bytes = Vec::new();
        match object.body {
            Body::Bytes(body) => bytes.extend_from_slice(body),
            Body::File(mut file) => {
                file.rewind().unwrap();
                file.read_to_end(&mut bytes).unwrap();
            }
        }
        let (key, mut objects) = (object.key.to_owned(), self.objects.borrow_mut());
        match self.meanwhile.borrow_mut().pop() {
            None => {}
            Some(Some(others)) => drop(objects.insert(key.clone(), others)),
            Some(None) => {
                objects.remove(&key);
                return Ok(Written::Exists);
            }
        }
        if objects.contains_key(&key) {
            return Ok(Written::Exists);
        }
        if Sha256::of(&bytes) != object.sha256 {
            let (code, message) = (Some("BadDigest".to_owned()), "the SHA-256 did not match".to_owned());
            return Err(CallError {
                operation: "PutObject",
                code,
                message,
                kind: CallErrorKind::Invalid,
                source: None,
            });
        }
        self.uploads.borrow_mut().push(key.clone());
        objects.insert(key, bytes);
        Ok(Written::Created)
    }
}

/// Buckets of stacks: name to the number of objects.
#[derive(Default)]
pub(crate) struct MemoryBuckets {
    pub(crate) objects: RefCell<BTreeMap<String, usize>>,
    /// Objects that cannot be deleted.
    pub(crate) locked: Cell<usize>,
}

impl BucketEmptier for MemoryBuckets {
    async fn objects(&self, bucket: &str) -> Result<(usize, bool), CallError> {
        let count = self.objects.borrow().get(bucket).copied().unwrap_or_default();
        Ok((count.min(2), count > 2))
    }

    async fn empty_page(&self, bucket: &str) -> Result<Emptied, CallError> {
        let mut objects = self.objects.borrow_mut();
        let count = objects.get_mut(bucket).unwrap();
        let page = (*count).min(2);
        let deleted = page.min(count.saturating_sub(self.locked.get()));
        *count -= deleted;
        let refused = (deleted..page).map(|index| format!("key-{index}: AccessDenied")).collect();
        Ok(Emptied { deleted, refused, more: *count > page - deleted })
    }
}
