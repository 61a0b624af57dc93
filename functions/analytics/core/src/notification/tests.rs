//! The events of the field: encoded keys, both wrappings, several records, and what is nothing to do.

use super::*;

fn record(name: &str, key: &str) -> Value {
    json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "sa-east-1", "eventTime": "2026-11-02T09:15:00.120Z", "eventName": name,
        "userIdentity": {"principalId": "p"}, "responseElements": {},
        "s3": {
            "s3SchemaVersion": "1.0", "configurationId": "uploads", "bucket": {"name": "inbox", "arn": "arn:aws:s3:::inbox"},
            "object": {"key": key, "size": 4096, "eTag": "0f343b0931126a20f133d67c2b018a3b", "versionId": "v1", "sequencer": "0068321EA776673B5A"},
        },
    })
}

fn event(records: &[Value]) -> Value {
    json!({ "Records": records })
}

fn in_an_envelope(message: &str) -> Value {
    json!({
        "Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:sa-east-1:111122223333:csv-upload-topic", "Subject": "Amazon S3 Notification",
        "Message": message, "Timestamp": "2026-11-02T09:15:01.000Z", "SignatureVersion": "1",
    })
}

fn read(body: &Value) -> Result<Notification, serde_json::Error> {
    serde_json::from_str(&body.to_string())
}

fn keys(body: &Value) -> Vec<String> {
    read(body).unwrap().created.into_iter().map(|object| object.key).collect()
}

#[test]
fn an_event_is_read_as_it_is_and_inside_an_envelope() {
    let event = event(&[record("ObjectCreated:Put", "march+2021/r%C3%A1dio%2Btv.csv")]);
    let expected = CreatedObject {
        bucket: "inbox".to_owned(),
        key: "march 2021/rádio+tv.csv".to_owned(),
        version_id: Some("v1".to_owned()),
        e_tag: Some("0f343b0931126a20f133d67c2b018a3b".to_owned()),
        size: Some(4096),
        sequencer: Some(Sequencer("0068321EA776673B5A".to_owned())),
        event_time: "2026-11-02T09:15:00.12Z".parse().unwrap(),
    };
    for body in [&event, &in_an_envelope(&event.to_string())] {
        assert_eq!(read(body).unwrap().created, std::slice::from_ref(&expected));
    }
}

#[test]
fn keys_are_decoded_once() {
    for (given, expected) in [
        ("in/pre%C3%A7os+%2B+maio.csv", "in/preços + maio.csv"),
        ("in/x%2By%3Dz%26w%3B.csv", "in/x+y=z&w;.csv"),
        ("in/50%25+off.csv", "in/50% off.csv"),
        ("in/2026-01-01T01%3A02%3A03.csv", "in/2026-01-01T01:02:03.csv"),
        ("in/%E6%9D%B1%E4%BA%AC.csv", "in/東京.csv"),
        ("in/%252e%252e/y.csv", "in/%2e%2e/y.csv"),
        ("in/+blank.csv", "in/ blank.csv"),
        ("%2Fslash", "/slash"),
        ("folder/", "folder/"),
        ("100%", "100%"),
    ] {
        assert_eq!(keys(&event(&[record("ObjectCreated:Put", given)])), [expected]);
    }
}

#[test]
fn every_creation_of_an_event_counts_and_nothing_else() {
    let event = event(&[
        record("ObjectCreated:Put", "a.csv"),
        record("ObjectRemoved:DeleteMarkerCreated", "a.csv"),
        record("ObjectCreated:CompleteMultipartUpload", "b.csv"),
        record("ObjectCreated:Post", "c.csv"),
        record("s3:ObjectCreated:Copy", "d.csv"),
        record("ObjectRestore:Completed", "e.csv"),
        record("ReducedRedundancyLostObject", "f.csv"),
        json!({"eventName": "LifecycleExpiration:Delete"}),
        json!({}),
    ]);
    assert_eq!(keys(&event), ["a.csv", "b.csv", "c.csv", "d.csv"]);
    assert_eq!(read(&event).unwrap().others, 5);
}

#[test]
fn a_test_event_and_no_records_are_nothing_to_do() {
    let test = json!({
        "Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-11-02T09:15:00.000Z", "Bucket": "inbox", "RequestId": "r", "HostId": "h",
    });
    for body in [test, event(&[])] {
        assert_eq!(read(&body).unwrap(), Notification::default());
        assert_eq!(read(&in_an_envelope(&body.to_string())).unwrap(), Notification::default());
    }
}

#[test]
fn what_a_bucket_without_versions_leaves_out_may_be_absent() {
    let mut record = record("ObjectCreated:Put", "empty.csv");
    record["s3"]["object"] = json!({"key": "empty.csv", "size": 0, "eTag": "\"d41d8\""});
    let object = read(&event(&[record.clone()])).unwrap().created.remove(0);
    assert_eq!((object.version(), object.size, &object.sequencer), ("d41d8", Some(0), &None));
    record["s3"]["object"] = json!({"key": "a", "versionId": "v2", "eTag": "d41d8"});
    assert_eq!(read(&event(&[record])).unwrap().created[0].version(), "v2");
}

#[test]
fn an_object_that_is_handed_on_comes_back_as_it_was() {
    let both = event(&[record("ObjectCreated:Put", "r%C3%A1dio+%2B/tv.csv"), record("ObjectCreated:Copy", "b.csv")]);
    let mut objects = read(&both).unwrap().created;
    objects.push(CreatedObject { version_id: None, e_tag: None, size: None, sequencer: None, ..objects[0].clone() });
    for object in objects {
        assert_eq!(serde_json::from_str::<Notification>(&object.to_event()).unwrap().created, [object]);
    }
}

#[test]
fn what_is_no_event_is_malformed() {
    let without = |member: &str| {
        let mut record = record("ObjectCreated:Put", "a");
        record.as_object_mut().unwrap().remove(member);
        event(&[record])
    };
    let nested = in_an_envelope(&in_an_envelope(&event(&[]).to_string()).to_string());
    for (body, expected) in [
        (json!({}), "neither Records of S3"),
        (json!({"Event": "s3:Other"}), "neither Records of S3"),
        (json!({"Type": "Notification"}), "neither Records of S3"),
        (nested, "neither Records of S3"),
        (in_an_envelope("hello"), "the envelope's Message is not an event of S3"),
        (json!({"Records": 7}), "invalid type"),
        (without("s3"), "ObjectCreated:Put without the member s3"),
        (without("eventTime"), "ObjectCreated:Put without eventTime"),
        (event(&[record("ObjectCreated:Put", "")]), "without a bucket or a key"),
        (event(&[record("ObjectCreated:Put", "a%FF")]), "is not form-encoded UTF-8"),
        (event(&[json!({"eventName": "ObjectCreated:Put", "s3": {"bucket": {}}})]), "missing field `name`"),
    ] {
        let error = read(&body).unwrap_err().to_string();
        assert!(error.contains(expected), "{body}: {error}");
    }
    assert!(serde_json::from_str::<Notification>("hello").is_err());
}
