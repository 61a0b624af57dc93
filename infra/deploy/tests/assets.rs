//! What is in the assets bucket already: used when it is what would have been uploaded, and never overwritten.

#![expect(clippy::unwrap_used, reason = "a test panics where its preparation fails")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use deploy::{Archive, BucketState, Compression, Content, Entry, Error, Plan, Sha256, Source};
use support::plans::{Run, deploy_with, one, options, plan, stack};
use support::{Answers, MemoryCloudFormation, MemoryStore};

const TEMPLATE: &str = r#"{"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Name": "a"}}}}"#;

fn archive(content: Content) -> Archive {
    let entry = Entry { path: "bootstrap".to_owned(), content, executable: true };
    Archive::new("loader", vec![entry], Compression::Stored).unwrap()
}

fn code() -> Archive {
    archive(Content::Bytes(b"code".to_vec()))
}

fn with_asset() -> Plan {
    plan(vec![stack("Api", TEMPLATE, vec![("Key", Source::AssetKey { asset: "loader".to_owned() })])])
}

async fn run(cloud: &MemoryCloudFormation, store: &MemoryStore, archive: &Archive, run_id: &str) -> Run {
    deploy_with(cloud, store, &with_asset(), std::slice::from_ref(archive), &Answers::default(), options(run_id)).await
}

fn bytes(archive: &Archive) -> Vec<u8> {
    let mut bytes = Vec::new();
    archive.write_zip(&mut bytes).unwrap();
    bytes
}

/// A bucket in which somebody wrote these bytes under the archive's key.
fn planted(archive: &Archive, bytes: &[u8]) -> MemoryStore {
    let store = MemoryStore::absent();
    store.objects.borrow_mut().insert(archive.key("dev"), bytes.to_vec());
    store
}

fn refused(run: &Run, cloud: &MemoryCloudFormation) -> String {
    let error = run.first_error();
    assert!(matches!(error, Error::OtherObject { .. }) && !error.is_retryable(), "{error}");
    assert_eq!(cloud.status("Api-dev"), None, "a stack was made with it");
    error.to_string()
}

#[tokio::test]
async fn an_object_that_is_there_is_used_when_its_checksum_is_that_of_the_archive() {
    let (cloud, archive) = (MemoryCloudFormation::default(), code());
    let store = planted(&archive, &bytes(&archive));
    let run = run(&cloud, &store, &archive, "a").await;
    assert!(run.result.is_ok() && run.codes().contains(&"asset.present"));
    assert_eq!(store.uploads.borrow().len(), 0);
}

#[tokio::test]
async fn another_object_under_the_key_is_neither_used_nor_overwritten() {
    let (cloud, archive) = (MemoryCloudFormation::default(), code());
    let store = planted(&archive, b"evil");
    let said = refused(&run(&cloud, &store, &archive, "a").await, &cloud);
    for part in ["infra-assets-123456789012-sa-east-1", &archive.key("dev"), &Sha256::of(b"evil").base64(), "delete"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(store.objects.borrow()[&archive.key("dev")], b"evil");

    // The right bytes, but S3 has not computed what would show it.
    let store = planted(&archive, &bytes(&archive));
    store.without_sha256.borrow_mut().insert(archive.key("dev"));
    assert!(refused(&run(&cloud, &store, &archive, "b").await, &cloud).contains("not stored"));
}

#[tokio::test]
async fn what_others_upload_between_look_and_upload_is_looked_at_too() {
    let (cloud, archive) = (MemoryCloudFormation::default(), code());
    let store = MemoryStore::absent();
    store.meanwhile.borrow_mut().push(Some(b"evil".to_vec()));
    refused(&run(&cloud, &store, &archive, "a").await, &cloud);

    let store = MemoryStore::absent();
    store.meanwhile.borrow_mut().push(Some(bytes(&archive)));
    let run = run(&cloud, &store, &archive, "b").await;
    assert!(run.result.is_ok() && run.codes().contains(&"asset.present") && !run.codes().contains(&"asset.uploaded"));
}

#[tokio::test]
async fn an_object_that_comes_and_goes_is_uploaded_in_the_end_or_reported() {
    let (cloud, archive) = (MemoryCloudFormation::default(), code());
    let store = MemoryStore::absent();
    store.meanwhile.borrow_mut().extend([None, None]);
    assert!(run(&cloud, &store, &archive, "a").await.result.is_ok());
    assert_eq!(*store.uploads.borrow(), [archive.key("dev")]);

    let (cloud, store) = (MemoryCloudFormation::default(), MemoryStore::absent());
    store.meanwhile.borrow_mut().extend(vec![None; 20]);
    let run = run(&cloud, &store, &archive, "b").await;
    assert!(matches!(run.first_error(), Error::Overtaken { .. }) && run.first_error().is_retryable());
}

#[tokio::test]
async fn a_template_under_the_key_of_another_one_is_not_used() {
    let (cloud, store) = (MemoryCloudFormation::default(), MemoryStore::absent());
    cloud.reads(&store);
    let large = format!("{}{TEMPLATE}", " ".repeat(51_200));
    let key = format!("dev/templates/Data-dev/{}.yaml", Sha256::of(large.as_bytes()).hex());
    store.objects.borrow_mut().insert(key.clone(), TEMPLATE.as_bytes().to_vec());
    let run = deploy_with(&cloud, &store, &one(&large), &[], &Answers::default(), options("a")).await;
    assert!(matches!(run.first_error(), Error::OtherObject { key: found, .. } if *found == key));
    assert_eq!(cloud.status("Data-dev"), None);
}

#[tokio::test]
async fn a_file_that_changed_after_it_was_hashed_is_not_uploaded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bootstrap");
    let write = |path: &Path, text: &str| fs::write(path, text).unwrap();
    write(&file, "code");
    let archive = archive(Content::File(file.clone()));
    write(&file, "evil");
    let (cloud, store) = (MemoryCloudFormation::default(), MemoryStore::absent());
    let run = run(&cloud, &store, &archive, "a").await;
    assert!(run.result.is_err());
    assert!(store.objects.borrow().is_empty());
}

#[tokio::test]
async fn every_deployment_makes_sure_of_the_bucket_and_says_who_can_create_it() {
    let (cloud, store) = (MemoryCloudFormation::default(), MemoryStore::absent());
    let run = deploy_with(&cloud, &store, &one(TEMPLATE), &[], &Answers::default(), options("a")).await;
    assert!(run.result.is_ok() && run.codes().contains(&"bucket.created"));

    let (cloud, store) = (MemoryCloudFormation::default(), MemoryStore::absent());
    store.state.set(BucketState::Missing);
    let plan = Plan::new(vec![stack("Data", TEMPLATE, vec![])], &[], BTreeMap::new()).unwrap();
    let error = deploy_with(&cloud, &store, &plan, &[], &Answers::default(), options("b")).await.result.unwrap_err();
    assert!(matches!(error, Error::NoBucket { .. }) && error.to_string().contains("an administrator"), "{error}");
    assert_eq!(cloud.effects(), [""; 0]);
}
