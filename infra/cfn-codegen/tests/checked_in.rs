//! The sources in the facts and cfn crates are those of the facts.

use cfn_codegen::generate::generate;
use cfn_codegen::names::snake;
use cfn_codegen::project::{Project, SERVICES};

#[test]
fn the_generated_sources_are_up_to_date() {
    let project = Project::at(env!("CARGO_MANIFEST_DIR"));
    let facts = project.overlaid_facts().unwrap();
    assert_eq!(facts.len(), SERVICES.len());
    let sources = generate(&facts, &project.stateful().unwrap(), &project.outlines().unwrap()).unwrap();
    assert_eq!(project.stale_sources(&sources).unwrap(), [""; 0], "run `cargo run -p cfn-codegen -- generate`");
}

#[test]
fn a_changed_or_extra_file_is_stale() {
    let folder = tempfile::tempdir().unwrap();
    let project = Project::at(folder.path().join("infra/cfn-codegen"));
    std::fs::create_dir_all(folder.path().join("infra/cfn-codegen")).unwrap();
    let sources = std::collections::BTreeMap::from([
        ("cfn/src/generated/a.rs".to_owned(), "a".to_owned()),
        ("facts/src/generated/b.rs".to_owned(), "b".to_owned()),
    ]);
    project.write_sources(&sources).unwrap();
    assert_eq!(project.stale_sources(&sources).unwrap(), [""; 0]);
    let infra = folder.path().join("infra");
    std::fs::write(infra.join("cfn/src/generated/a.rs"), "A").unwrap();
    std::fs::write(infra.join("facts/src/generated/old.rs"), "").unwrap();
    let stale = ["infra/cfn/src/generated/a.rs", "infra/facts/src/generated/old.rs"];
    assert_eq!(project.stale_sources(&sources).unwrap(), stale);
    project.write_sources(&sources).unwrap();
    assert_eq!(project.stale_sources(&sources).unwrap(), [""; 0]);
    assert!(!infra.join("facts/src/generated/old.rs").exists());
}

#[test]
fn names_are_split_as_aws_cdk_lib_splits_them() {
    let names = [
        ("DBClusterIdentifier", "db_cluster_identifier"),
        ("EnableIAMDatabaseAuthentication", "enable_iam_database_authentication"),
        ("S3Bucket", "s3_bucket"),
        ("KMSKeyArn", "kms_key_arn"),
        ("Ipv6CidrBlock", "ipv6_cidr_block"),
        ("VpcSecurityGroupIds", "vpc_security_group_ids"),
        ("ProviderARNs", "provider_arns"),
        ("deadLetterTargetArn", "dead_letter_target_arn"),
        ("Endpoint.Address", "endpoint_address"),
    ];
    for (name, wanted) in names {
        assert_eq!(snake(name), wanted);
    }
}
