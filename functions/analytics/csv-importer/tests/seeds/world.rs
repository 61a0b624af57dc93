//! What stands around the importer: a queue that delivers twice and in any order, S3 that fails, and instances that are killed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use analytics_core::{CreatedObject, Notification};
use analytics_store::Limits;
use bytes::Bytes;
use csv_importer::{Body, Head, Importer, ObjectError, Objects};
use function_runtime::{CallFault, EntryFault, Failure, Function, Invocation, Outgoing, Queue, SendBatch};

use crate::database::TestDatabase;
use crate::files::Files;
use crate::random::Random;

const LIMITS: Limits = Limits { reject_above_percent: 50, rejected_rows: 5, piece_rows: 4 };
/// Deliveries after which a seed has gone astray.
const MOST_DELIVERIES: usize = 2_000;
/// Long enough for any of these files, and too short for a second try.
const ENOUGH: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(150);

pub(crate) struct World {
    queue: RefCell<Vec<String>>,
    texts: BTreeMap<String, Option<String>>,
    faults: RefCell<Random>,
    /// The version and the reason of each dead letter.
    dead: RefCell<Vec<(String, String)>>,
    kills: Cell<usize>,
    hops: Cell<usize>,
}

impl World {
    pub(crate) fn new(files: &Files, random: &mut Random) -> Self {
        let texts = files.0.iter().map(|version| {
            let text = (version.poison != Some("object_gone")).then(|| version.text.clone());
            (version.object.version().to_owned(), text)
        });
        Self {
            queue: RefCell::default(),
            texts: texts.collect(),
            faults: RefCell::new(Random::new(random.next())),
            dead: RefCell::default(),
            kills: Cell::default(),
            hops: Cell::default(),
        }
    }

    /// Delivers every version's event one to four times in any order, and forgets the dead letters of before.
    pub(crate) fn deliver(&self, files: &Files, random: &mut Random) {
        let mut queue = self.queue.borrow_mut();
        for version in &files.0 {
            for _ in 0..=random.below(3) {
                queue.push(version.object.to_event());
            }
        }
        random.shuffle(&mut queue);
        self.dead.borrow_mut().clear();
    }

    pub(crate) fn dead(&self) -> Vec<(String, String)> {
        self.dead.borrow().clone()
    }

    pub(crate) fn kills(&self) -> usize {
        self.kills.get()
    }

    pub(crate) fn hops(&self) -> usize {
        self.hops.get()
    }

    /// Delivers until nothing is left, to two instances at a time.
    pub(crate) async fn run(&mut self, database: &TestDatabase, random: &mut Random) -> Result<(), String> {
        let function = Function::new("CsvImporter", "test", "Test");
        let instances = [database.instance(), database.instance()];
        for _ in 0..MOST_DELIVERIES {
            let taken: Vec<String> = (0..2).filter_map(|_| self.take(random)).collect();
            if taken.is_empty() {
                return Ok(());
            }
            let breaks = random.percent(5);
            let plans: Vec<_> =
                taken.iter().map(|_| (random.percent(25).then(|| random.below(80)), random.percent(30))).collect();
            let world = &*self;
            let work = taken.into_iter().zip(plans).zip(&instances).map(|((body, (kill, is_short)), database)| {
                let importer = Importer {
                    function: &function,
                    database: database.clone(),
                    objects: world,
                    queue: Queue::over(world),
                    limits: LIMITS,
                };
                async move {
                    let notification: Notification = serde_json::from_str(&body).unwrap();
                    let invocation = Invocation::new("r", if is_short { SHORT } else { ENOUGH });
                    let work =
                        KillAfter { work: Box::pin(importer.notified(&notification, 0, &invocation)), polls: kill };
                    let end = work.await;
                    (body, notification, end)
                }
            });
            let breaking = async {
                if breaks {
                    database.break_connections().await;
                }
            };
            let (ends, ()) = tokio::join!(futures_util::future::join_all(work), breaking);
            for (body, notification, end) in ends {
                self.settle(body, &notification, end);
            }
        }
        Err(format!("{MOST_DELIVERIES} deliveries and no end"))
    }

    fn take(&self, random: &mut Random) -> Option<String> {
        let mut queue = self.queue.borrow_mut();
        let length = queue.len();
        (length > 0).then(|| queue.swap_remove(random.below(length)))
    }

    /// As SQS and the batch harness do.
    fn settle(&self, body: String, notification: &Notification, end: Option<Result<(), Failure>>) {
        match end {
            Some(Ok(())) => {}
            Some(Err(failure)) if !failure.is_retryable() => {
                let reason = format!("{}: {}", failure.kind(), failure.reason());
                let letters = notification.created.iter().map(|object| (object.version().to_owned(), reason.clone()));
                self.dead.borrow_mut().extend(letters);
            }
            Some(Err(_)) => self.queue.borrow_mut().push(body),
            None => {
                self.kills.set(self.kills.get() + 1);
                self.queue.borrow_mut().push(body);
            }
        }
    }

    fn fails(&self, percent: usize) -> bool {
        self.faults.borrow_mut().percent(percent)
    }

    fn failed(object: &CreatedObject) -> ObjectError {
        let (bucket, key) = (object.bucket.clone(), object.key.clone());
        ObjectError::Failed { bucket, key, source: "503 SlowDown".into() }
    }

    fn text(&self, object: &CreatedObject) -> Result<&String, ObjectError> {
        if self.fails(5) {
            return Err(Self::failed(object));
        }
        let gone = || ObjectError::Gone {
            bucket: object.bucket.clone(),
            key: object.key.clone(),
            version: object.version().to_owned(),
        };
        self.texts.get(object.version()).and_then(Option::as_ref).ok_or_else(gone)
    }
}

impl Objects for &World {
    type Body = Chunks;

    async fn head(&self, object: &CreatedObject) -> Result<Head, ObjectError> {
        tokio::task::yield_now().await;
        Ok(Head { bytes: self.text(object)?.len() as u64, upload_id: None, dry_run: false })
    }

    async fn open(&self, object: &CreatedObject, from: u64) -> Result<Chunks, ObjectError> {
        tokio::task::yield_now().await;
        let text = self.text(object)?.as_bytes();
        let mut left = &text[usize::try_from(from).unwrap_or(usize::MAX).min(text.len())..];
        let mut chunks = Vec::new();
        while !left.is_empty() {
            let length = (1 + self.faults.borrow_mut().below(200)).min(left.len());
            chunks.push(Ok(Bytes::copy_from_slice(&left[..length])));
            left = &left[length..];
            if self.fails(2) {
                chunks.push(Err(World::failed(object)));
                break;
            }
        }
        chunks.reverse();
        Ok(Chunks(chunks))
    }
}

/// The bytes of an object, the last ones first.
pub(crate) struct Chunks(Vec<Result<Bytes, ObjectError>>);

impl Body for Chunks {
    async fn next(&mut self) -> Result<Option<Bytes>, ObjectError> {
        tokio::task::yield_now().await;
        self.0.pop().transpose()
    }
}

impl SendBatch for &World {
    async fn send_batch(&self, messages: &[&Outgoing]) -> Result<Vec<(usize, EntryFault)>, CallFault> {
        tokio::task::yield_now().await;
        if self.fails(10) {
            return Err(CallFault::new("503", None, true));
        }
        self.hops.set(self.hops.get() + messages.len());
        self.queue.borrow_mut().extend(messages.iter().map(|message| message.body.clone()));
        Ok(Vec::new())
    }
}

/// Work that ends in nothing after so many polls, as that of a killed process.
struct KillAfter<'a, R> {
    work: Pin<Box<dyn Future<Output = R> + 'a>>,
    polls: Option<usize>,
}

impl<R> Future for KillAfter<'_, R> {
    type Output = Option<R>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<R>> {
        if let Some(left) = &mut self.polls {
            if *left == 0 {
                return Poll::Ready(None);
            }
            *left -= 1;
        }
        self.work.as_mut().poll(context).map(Some)
    }
}
