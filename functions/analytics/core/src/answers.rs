//! Answers that were given before, kept as long as the data has the same version: whoever asks the same again, with any client, costs the database one number. Bounded.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use function_http::{Answer, EntityTag};

/// Bytes that are kept at most, and those of the largest body.
const KEPT_BYTES: usize = 16 * 1024 * 1024;
const LARGEST_BYTES: usize = 256 * 1024;
/// What an answer takes beside its body, so that many small ones are bounded too.
const ANSWER_BYTES: usize = 512;

/// The answers of one version of the data, by their entity tags, which include the version.
#[derive(Debug, Default)]
pub struct Answers(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    version: i64,
    bytes: usize,
    answers: HashMap<EntityTag, Answer>,
}

impl Answers {
    pub(crate) fn get(&self, tag: &EntityTag) -> Option<Answer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).answers.get(tag).cloned()
    }

    /// Keeps a good answer. Those of another version go; when there is no room, all go, which is simple and rare.
    pub(crate) fn put(&self, version: i64, tag: &EntityTag, answer: &Answer) {
        if answer.status != 200 || answer.body.len() > LARGEST_BYTES {
            return;
        }
        let bytes = answer.body.len() + ANSWER_BYTES;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.version != version || kept.bytes + bytes > KEPT_BYTES {
            *kept = Kept { version, ..Kept::default() };
        }
        if kept.answers.insert(tag.clone(), answer.clone()).is_none() {
            kept.bytes += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> EntityTag {
        EntityTag::of_parts(&[text.as_bytes()])
    }

    #[test]
    fn answers_are_kept_until_the_data_changes() {
        let answers = Answers::default();
        answers.put(1, &tag("a"), &Answer::new(200, "text/plain", "a"));
        answers.put(1, &tag("b"), &Answer::new(404, "text/plain", "b"));
        assert_eq!(answers.get(&tag("a")).map(|answer| answer.body), Some("a".to_owned()));
        assert_eq!(answers.get(&tag("b")), None);
        answers.put(2, &tag("c"), &Answer::new(200, "text/plain", "c"));
        assert!(answers.get(&tag("a")).is_none() && answers.get(&tag("c")).is_some());
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let answers = Answers::default();
        let large = "x".repeat(LARGEST_BYTES);
        for number in 0..200 {
            answers.put(1, &tag(&number.to_string()), &Answer::new(200, "text/plain", large.as_str()));
            assert!(answers.0.lock().unwrap().bytes <= KEPT_BYTES);
        }
        assert!(answers.get(&tag("199")).is_some());
        answers.put(1, &tag("larger"), &Answer::new(200, "text/plain", large + "x"));
        assert!(answers.get(&tag("larger")).is_none());
    }

    #[test]
    fn small_answers_take_room_too() {
        let answers = Answers::default();
        for number in 0..2 * KEPT_BYTES / ANSWER_BYTES {
            answers.put(1, &tag(&number.to_string()), &Answer::new(200, "text/plain", ""));
        }
        assert!(answers.0.lock().unwrap().answers.len() <= KEPT_BYTES / ANSWER_BYTES);
    }
}
