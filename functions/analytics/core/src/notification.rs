//! What a record of the import queue says: which objects were created. Accepts S3's event as it is and inside an SNS envelope, by whomever
//! it was published; what is no creation is nothing to do, and what is neither of them is malformed.
//!
//! Format: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// The body of a record: the objects that were created, in the event's order. Empty for removals, test events and whatever else S3 tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notification {
    pub created: Vec<CreatedObject>,
    /// How many other records there are: removals, and what no event of S3 is.
    pub others: usize,
}

/// An object that was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedObject {
    pub bucket: String,
    /// Decoded, as S3's other calls take it.
    pub key: String,
    /// Absent in a bucket that keeps no versions.
    pub version_id: Option<String>,
    pub e_tag: Option<String>,
    /// In bytes. The emulator and what is published by hand may leave it out.
    pub size: Option<u64>,
    pub sequencer: Option<Sequencer>,
    pub event_time: Timestamp,
}

impl CreatedObject {
    /// What tells apart the objects that one key has had: the version, and where the bucket keeps none the entity tag, so that a
    /// redelivered event is the same upload.
    pub fn version(&self) -> &str {
        let known = self.version_id.as_deref().or(self.e_tag.as_deref());
        known.unwrap_or_default()
    }

    /// An event of this object alone, for whoever hands it on.
    pub fn to_event(&self) -> String {
        let key: String = form_urlencoded::byte_serialize(self.key.as_bytes()).collect();
        let mut object = json!({ "key": key });
        let members = [
            ("versionId", self.version_id.as_deref().map(Value::from)),
            ("eTag", self.e_tag.as_deref().map(Value::from)),
            ("size", self.size.map(Value::from)),
            ("sequencer", self.sequencer.as_ref().map(|sequencer| Value::from(sequencer.0.as_str()))),
        ];
        for (name, value) in members {
            if let Some(value) = value {
                object[name] = value;
            }
        }
        let s3 = json!({"bucket": {"name": self.bucket}, "object": object});
        json!({"Records": [{"eventName": "ObjectCreated:Put", "eventTime": self.event_time, "s3": s3}]}).to_string()
    }
}

/// The order of the events of one key, hexadecimal. Between keys it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Sequencer(pub String);

/// Every shape that a body can have; what is told apart by its members is not by their order.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    /// S3's event.
    records: Option<Vec<Record>>,
    /// `s3:TestEvent`.
    event: Option<String>,
    /// The text in SNS's envelope.
    message: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    #[serde(default)]
    event_name: String,
    event_time: Option<Timestamp>,
    s3: Option<Entity>,
}

#[derive(Deserialize)]
struct Entity {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    key: String,
    version_id: Option<String>,
    e_tag: Option<String>,
    size: Option<u64>,
    sequencer: Option<Sequencer>,
}

impl<'de> Deserialize<'de> for Notification {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let body = Body::deserialize(deserializer)?;
        let body = match body {
            // One envelope: SNS never wraps its own, and whoever nests them would nest them without end.
            Body { records: None, event: None, message: Some(text) } => {
                let inner: Body = serde_json::from_str(&text).map_err(|error| {
                    D::Error::custom(format!("the envelope's Message is not an event of S3: {error}"))
                })?;
                Body { message: None, ..inner }
            }
            body => body,
        };
        match body {
            Body { records: Some(records), .. } => {
                let all = records.len();
                let created = records.into_iter().filter_map(|record| record.created().transpose());
                let created: Vec<_> = created.collect::<Result<_, _>>().map_err(D::Error::custom)?;
                let others = all - created.len();
                Ok(Self { created, others })
            }
            Body { event: Some(event), .. } if event == "s3:TestEvent" => Ok(Self::default()),
            _ => Err(D::Error::custom(
                "neither Records of S3, nor its test event, nor an envelope of SNS with one of them",
            )),
        }
    }
}

impl Record {
    fn created(self) -> Result<Option<CreatedObject>, String> {
        // In SNS's and SQS's events the prefix `s3:` is left out; in the bucket's configuration it is there.
        let name = self.event_name.strip_prefix("s3:").unwrap_or(&self.event_name);
        if !name.starts_with("ObjectCreated:") {
            return Ok(None);
        }
        let Some(Entity { bucket, object }) = self.s3 else { return Err(format!("{name} without the member s3")) };
        let key =
            decode_key(&object.key).ok_or_else(|| format!("the key {:?} is not form-encoded UTF-8", object.key))?;
        if key.is_empty() || bucket.name.is_empty() {
            return Err(format!("{name} without a bucket or a key"));
        }
        Ok(Some(CreatedObject {
            bucket: bucket.name,
            key,
            // `null` is the version of what was written before versioning.
            version_id: object.version_id.filter(|id| !id.is_empty()),
            e_tag: object.e_tag.map(|tag| tag.trim_matches('"').to_owned()).filter(|tag| !tag.is_empty()),
            size: object.size,
            sequencer: object.sequencer.filter(|sequencer| !sequencer.0.is_empty()),
            event_time: self.event_time.ok_or_else(|| format!("{name} without eventTime"))?,
        }))
    }
}

/// Form encoding: `+` is a blank, everything else is percent-encoded UTF-8.
fn decode_key(key: &str) -> Option<String> {
    let blanks = key.replace('+', " ");
    percent_decode_str(&blanks).decode_utf8().ok().map(|key| key.into_owned())
}

#[cfg(test)]
mod tests;
