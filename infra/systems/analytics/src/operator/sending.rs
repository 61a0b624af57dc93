//! Sends a file as one object: small ones in one request, large ones in parts. What was sent of a file that does not arrive as a whole is
//! removed.

use aws_access::CallError;
use futures_util::{StreamExt, TryStreamExt, stream};
use system::{Failed, How, Stop};

use super::files::Outgoing;

const MIB: u64 = 1024 * 1024;
/// Larger files are sent in parts.
const WHOLE: u64 = 16 * MIB;
/// The least bytes of a part; S3 asks for 5 MiB.
const PART: u64 = 8 * MIB;
/// S3's limit for the parts of an object.
const PARTS: u64 = 10_000;
/// Parts that are on their way at the same time. One connection does not fill a fast line.
const AT_ONCE: usize = 4;

/// The part of S3 that is needed.
pub(super) trait Objects {
    /// PutObject; returns the version.
    async fn put(&self, file: &Outgoing) -> Result<String, CallError>;

    /// CreateMultipartUpload; returns its id.
    async fn begin(&self, key: &str) -> Result<String, CallError>;

    /// UploadPart.
    async fn part(&self, file: &Outgoing, id: &str, part: Part) -> Result<SentPart, CallError>;

    /// CompleteMultipartUpload, with the parts in order; returns the version.
    async fn complete(&self, key: &str, id: &str, parts: Vec<SentPart>) -> Result<String, CallError>;

    /// AbortMultipartUpload.
    async fn abort(&self, key: &str, id: &str) -> Result<(), CallError>;
}

/// A part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// From 1.
    pub(super) number: i32,
    pub(super) from: u64,
    pub(super) bytes: u64,
}

/// A part that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SentPart {
    pub(super) number: i32,
    pub(super) e_tag: String,
    pub(super) checksum: Option<String>,
}

/// Why a file did not arrive.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    #[error("{name} was not sent")]
    Call { name: String, source: CallError },
    #[error("{name} changed while it was sent, so it was not uploaded; upload it when nobody writes to it")]
    Changed { name: String },
    #[error("interrupted; {name} was not uploaded")]
    Interrupted { name: String },
    /// They cost money until then.
    #[error("parts of {name} stay in the bucket until S3 removes them: {abort}")]
    NotAborted { name: String, abort: CallError, source: Box<SendError> },
}

impl SendError {
    fn how(&self) -> How {
        match self {
            Self::Call { source, .. } if source.is_retryable() => How::Retryable,
            Self::Call { .. } => How::Failed,
            Self::Changed { .. } => How::Retryable,
            Self::Interrupted { .. } => How::Interrupted,
            Self::NotAborted { source, .. } => source.how(),
        }
    }
}

impl From<SendError> for Failed {
    fn from(error: SendError) -> Self {
        Self::new(error.how(), error)
    }
}

/// Sends a file and returns the object's version. `sent` gets the bytes that have arrived so far.
pub(super) async fn send(
    objects: &impl Objects,
    file: &Outgoing,
    stop: &Stop,
    mut sent: impl FnMut(u64),
) -> Result<String, SendError> {
    sent(0);
    let version = match file.bytes {
        0..=WHOLE => {
            let put = stop.unless_asked(objects.put(file)).await.ok_or_else(|| interrupted(file))?;
            put.map_err(|source| call(file, source))?
        }
        _ => in_parts(objects, file, stop, &mut sent).await?,
    };
    sent(file.bytes);
    Ok(version)
}

async fn in_parts(
    objects: &impl Objects,
    file: &Outgoing,
    stop: &Stop,
    sent: &mut impl FnMut(u64),
) -> Result<String, SendError> {
    let id = stop.unless_asked(objects.begin(&file.key)).await.ok_or_else(|| interrupted(file))?;
    let id = id.map_err(|source| call(file, source))?;
    let arrived = async {
        let parts = send_parts(objects, file, &id, sent);
        let parts = stop.unless_asked(parts).await.ok_or_else(|| interrupted(file))?;
        let parts = parts.map_err(|source| call(file, source))?;
        if file.has_changed() {
            return Err(SendError::Changed { name: file.name() });
        }
        // Not interrupted: the object may exist as soon as the request is on its way.
        objects.complete(&file.key, &id, parts).await.map_err(|source| call(file, source))
    };
    let reason = match arrived.await {
        Ok(version) => return Ok(version),
        Err(reason) => reason,
    };
    match objects.abort(&file.key, &id).await {
        Ok(()) => Err(reason),
        Err(abort) => Err(SendError::NotAborted { name: file.name(), abort, source: Box::new(reason) }),
    }
}

async fn send_parts(
    objects: &impl Objects,
    file: &Outgoing,
    id: &str,
    sent: &mut impl FnMut(u64),
) -> Result<Vec<SentPart>, CallError> {
    let one = |part: Part| async move { Ok((part.bytes, objects.part(file, id, part).await?)) };
    let mut arriving = stream::iter(parts(file.bytes)).map(one).buffer_unordered(AT_ONCE);
    let (mut all, mut bytes) = (Vec::new(), 0);
    while let Some((of_part, part)) = arriving.try_next().await? {
        bytes += of_part;
        sent(bytes);
        all.push(part);
    }
    all.sort_by_key(|part| part.number);
    Ok(all)
}

/// The parts of a file: of 8 MiB, or of as many whole MiB as are needed for S3 to take them.
fn parts(bytes: u64) -> impl Iterator<Item = Part> {
    let size = bytes.div_ceil(PARTS).next_multiple_of(MIB).max(PART);
    (1_i32..).zip(0..bytes.div_ceil(size)).map(move |(number, index)| {
        let from = index * size;
        Part { number, from, bytes: size.min(bytes - from) }
    })
}

fn call(file: &Outgoing, source: CallError) -> SendError {
    SendError::Call { name: file.name(), source }
}

fn interrupted(file: &Outgoing) -> SendError {
    SendError::Interrupted { name: file.name() }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::path::Path;

    use aws_access::CallErrorKind;

    use super::super::files::outgoing;
    use super::*;

    /// S3 with parts in it, which fails at a part, or asks for the work to stop there.
    #[derive(Default)]
    struct S3<'a> {
        parts: RefCell<Vec<Part>>,
        calls: RefCell<Vec<&'static str>>,
        fails_at: Option<i32>,
        stops_at: Option<(i32, &'a Stop)>,
        keeps_parts: bool,
    }

    fn failure() -> CallError {
        let [operation, message] = ["UploadPart", "Reduce your request rate"];
        let (code, kind) = (Some("SlowDown".to_owned()), CallErrorKind::Throttled);
        CallError { operation, code, message: message.to_owned(), kind, source: None }
    }

    impl Objects for S3<'_> {
        async fn put(&self, _: &Outgoing) -> Result<String, CallError> {
            self.calls.borrow_mut().push("put");
            Ok("whole".to_owned())
        }

        async fn begin(&self, _: &str) -> Result<String, CallError> {
            self.calls.borrow_mut().push("begin");
            Ok("id".to_owned())
        }

        async fn part(&self, _: &Outgoing, id: &str, part: Part) -> Result<SentPart, CallError> {
            assert_eq!(id, "id");
            if self.fails_at == Some(part.number) {
                return Err(failure());
            }
            if let Some((_, stop)) = self.stops_at.filter(|(number, _)| *number == part.number) {
                stop.ask();
                std::future::pending::<()>().await;
            }
            // Later parts arrive sooner.
            for _ in 0..(10 - part.number % 10) {
                tokio::task::yield_now().await;
            }
            self.parts.borrow_mut().push(part);
            Ok(SentPart { number: part.number, e_tag: format!("e{}", part.number), checksum: None })
        }

        async fn complete(&self, _: &str, _: &str, parts: Vec<SentPart>) -> Result<String, CallError> {
            self.calls.borrow_mut().push("complete");
            let numbers: Vec<i32> = parts.iter().map(|part| part.number).collect();
            assert!(numbers.is_sorted() && numbers.first() == Some(&1), "{numbers:?}");
            Ok("of parts".to_owned())
        }

        async fn abort(&self, _: &str, _: &str) -> Result<(), CallError> {
            self.calls.borrow_mut().push("abort");
            if self.keeps_parts { Err(failure()) } else { Ok(()) }
        }
    }

    /// A file with a hole, of this size.
    fn file(folder: &Path, bytes: u64) -> Outgoing {
        let path = folder.join("march.csv");
        std::fs::File::create(&path).unwrap().set_len(bytes).unwrap();
        outgoing(&[path], None, "").unwrap().remove(0)
    }

    async fn sent(s3: &S3<'_>, stop: &Stop, bytes: u64) -> (Result<String, SendError>, Vec<u64>) {
        let folder = tempfile::tempdir().unwrap();
        let mut seen = Vec::new();
        let result = send(s3, &file(folder.path(), bytes), stop, |bytes| seen.push(bytes)).await;
        (result, seen)
    }

    #[test]
    fn parts_cover_the_file_and_are_never_too_many_for_s3() {
        for (bytes, size, number) in [
            (17 * MIB, 8 * MIB, 3),
            (24 * MIB, 8 * MIB, 3),
            (24 * MIB + 1, 8 * MIB, 4),
            (PARTS * 8 * MIB, 8 * MIB, 10_000),
            (PARTS * 8 * MIB + 1, 9 * MIB, 8_889),
            (5 * 1024 * 1024 * MIB, 525 * MIB, 9_987),
        ] {
            let parts: Vec<Part> = parts(bytes).collect();
            assert_eq!((parts[0].bytes, parts.len()), (size, number), "{bytes}");
            let end = parts.iter().fold(0, |end, part| {
                assert_eq!(part.from, end);
                end + part.bytes
            });
            assert_eq!((end, parts.last().map(|part| part.number)), (bytes, i32::try_from(number).ok()));
        }
    }

    #[tokio::test]
    async fn a_small_file_is_one_request_and_a_large_one_parts_in_order() {
        let (stop, s3) = (Stop::default(), S3::default());
        let (version, seen) = sent(&s3, &stop, WHOLE).await;
        assert_eq!((version.unwrap().as_str(), seen), ("whole", vec![0, WHOLE]));
        let (version, seen) = sent(&s3, &stop, WHOLE + 1).await;
        assert_eq!(version.unwrap(), "of parts");
        assert!(seen.is_sorted() && seen.last() == Some(&(WHOLE + 1)), "{seen:?}");
        assert_eq!(*s3.calls.borrow(), ["put", "begin", "complete"]);
        assert_eq!(s3.parts.borrow().len(), 3);
    }

    #[tokio::test]
    async fn what_was_sent_of_a_file_that_fails_is_removed() {
        let s3 = S3 { fails_at: Some(2), ..S3::default() };
        let (result, _) = sent(&s3, &Stop::default(), 40 * MIB).await;
        let failed = Failed::from(result.unwrap_err());
        assert_eq!(failed.how, How::Retryable);
        assert_eq!(
            std::error::Error::source(&failed).unwrap().to_string(),
            "UploadPart: SlowDown: Reduce your request rate"
        );
        assert_eq!(*s3.calls.borrow(), ["begin", "abort"]);
    }

    #[tokio::test]
    async fn an_interrupt_removes_what_was_sent_and_says_so_when_it_cannot() {
        for keeps_parts in [false, true] {
            let stop = Stop::default();
            let s3 = S3 { stops_at: Some((2, &stop)), keeps_parts, ..S3::default() };
            let (result, _) = sent(&s3, &stop, 40 * MIB).await;
            let failed = Failed::from(result.unwrap_err());
            assert_eq!(failed.how, How::Interrupted);
            let told = match keeps_parts {
                true => std::error::Error::source(&failed).unwrap().to_string(),
                false => failed.to_string(),
            };
            assert!(told.starts_with("interrupted; ") && told.ends_with("march.csv was not uploaded"), "{told}");
            assert_eq!(failed.to_string().contains("stay in the bucket"), keeps_parts, "{failed}");
            assert_eq!(*s3.calls.borrow(), ["begin", "abort"]);
        }
    }
}
