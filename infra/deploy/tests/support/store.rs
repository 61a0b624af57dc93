//! The assets bucket and the stacks' buckets in memory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek};
use std::rc::Rc;

use aws_access::CallError;
use deploy::{AssetStore, BucketEmptier, BucketState, Emptied};

pub(crate) struct MemoryStore {
    pub(crate) state: Cell<BucketState>,
    pub(crate) objects: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
    pub(crate) uploads: RefCell<Vec<String>>,
}

impl MemoryStore {
    pub(crate) fn absent() -> Self {
        Self { state: Cell::new(BucketState::Created), objects: Rc::default(), uploads: RefCell::default() }
    }
}

impl AssetStore for MemoryStore {
    fn bucket(&self) -> &'static str {
        "infra-assets-123456789012-sa-east-1"
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

    async fn contains(&self, key: &str) -> Result<bool, CallError> {
        Ok(self.objects.borrow().contains_key(key))
    }

    async fn put(&self, key: &str, _content_type: &str, bytes: &[u8]) -> Result<(), CallError> {
        assert_eq!(self.state.get(), BucketState::Present, "upload before the bucket was made sure of");
        self.uploads.borrow_mut().push(key.to_owned());
        self.objects.borrow_mut().insert(key.to_owned(), bytes.to_vec());
        Ok(())
    }

    async fn put_file(&self, key: &str, content_type: &str, mut file: &File) -> Result<(), CallError> {
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        self.put(key, content_type, &bytes).await
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
