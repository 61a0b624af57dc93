//! What a stage.toml may say, and how a wrong one is answered.

use super::*;

const DEV: &str = include_str!("../../../../environments/dev/stage.toml");

fn faults(name: &str, toml: &str) -> String {
    Stage::parse(name, toml).expect_err("must be refused").to_string()
}

#[test]
fn the_committed_dev_stage_is_read_as_written() {
    let stage = Stage::parse("dev", DEV).expect("valid");
    assert_eq!(stage.name, StageName::Dev);
    assert_eq!(stage.database.capacity, DatabaseCapacity::InstanceClass("db.t3.medium".to_owned()));
    assert_eq!(stage.database.backup_days, 7);
    assert_eq!(stage.functions.price_loader.size.timeout, Duration::from_secs(300));
    assert_eq!(stage.network.endpoints, [Endpoint::SecretsManager, Endpoint::Sqs, Endpoint::Sns, Endpoint::S3]);
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_known_one() {
    let toml = DEV.replace("backup_days", "backup_dayz");
    assert_eq!(
        faults("dev", &toml),
        "stage dev:\n  database.backup_days is missing; it is a whole number of days from 1 to 35\
         \n  database.backup_dayz is not a known key; did you mean \"backup_days\"?"
    );
}

#[test]
fn all_faults_are_told_at_once() {
    let toml = DEV
        .replace("timeout_seconds = 300", "timeout_seconds = 901")
        .replace("\"x86_64\"", "\"riscv\"")
        .replace("public_access = true", "public_access = 1")
        .replace("[tags]", "[tags]\nStage = \"x\"");
    let message = faults("dev", &toml);
    for expected in [
        "functions.price-loader.timeout_seconds 901 is not a whole number of seconds from 1 to 900",
        "functions.soma-ingestor.timeout_seconds 901",
        "functions.architecture \"riscv\" is not one of \"arm64\", \"x86_64\"",
        "network.public_access 1 is not true or false",
        "tags.Stage is set by the stacks; leave it out",
    ] {
        assert!(message.contains(expected), "{expected:?} is not in\n{message}");
    }
}

#[test]
fn plain_text_connections_are_refused_outside_the_local_stage() {
    let toml = DEV.replace("\"verify-full\"", "\"disable\"");
    assert!(faults("dev", &toml).contains("database.tls \"disable\" is allowed on the stage local alone"));
    let without_delivery: Vec<_> =
        toml.lines().filter(|line| !line.contains("delivery") && !line.contains("repository")).collect();
    assert_eq!(Stage::parse("local", &without_delivery.join("\n")).expect("valid").database.tls, Tls::Disable);
}

#[test]
fn the_stages_that_people_rely_on_are_protected() {
    let committed = |name: &str| {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../environments");
        let text = std::fs::read_to_string(format!("{root}/{name}/stage.toml")).expect("readable");
        Stage::parse(name, &text).expect("valid").protection
    };
    let (on, off) =
        (Safeguards { termination: true, stack_policy: true }, Safeguards { termination: false, stack_policy: false });
    assert_eq!(["local", "dev", "stg", "prd"].map(committed), [off, off, on, on]);
    let toml = DEV.replace("termination = false", "termination = \"no\"");
    assert!(faults("dev", &toml).contains("protection.termination \"no\" is not true or false"));
}

#[test]
fn a_pipeline_is_one_repository_and_never_on_the_stage_local() {
    assert_eq!(
        Stage::parse("dev", DEV).expect("valid").delivery,
        Some(Delivery { repository: Delivery::PLACEHOLDER.into() })
    );
    let with = |repository: &str| DEV.replace(Delivery::PLACEHOLDER, repository);
    let delivery = Stage::parse("stg", &with("Acme-1/fipe.prices_2")).expect("valid").delivery;
    assert_eq!(delivery, Some(Delivery { repository: "Acme-1/fipe.prices_2".to_owned() }));
    for wrong in
        ["acme", "acme/", "/fipe", "acme/*", "*/fipe", "acme/fipe/x", "acme/fipe:ref", "acme/fi?e", "<owner>/fipe"]
    {
        let message = faults("dev", &with(wrong));
        assert!(message.contains("delivery.repository") && message.contains("owner/name"), "{wrong}: {message}");
    }
    let local = DEV.replace("\"verify-full\"", "\"disable\"");
    assert_eq!(faults("local", &local), "stage local:\n  delivery is for stages on AWS; leave it out");
    let without = DEV.replace("[delivery]", "[delivry]");
    assert!(faults("dev", &without).contains("did you mean \"delivery\"?"));
}

#[test]
fn serverless_capacity_is_read_and_its_bounds_are_checked() {
    let with = |capacity: &str| DEV.replace("{ instance_class = \"db.t3.medium\" }", capacity);
    assert_eq!(
        Stage::parse("dev", &with("{ min_acu = 0.5, max_acu = 4 }")).expect("valid").database.capacity,
        DatabaseCapacity::ServerlessV2 { min_acu: 0.5, max_acu: 4.0 }
    );
    assert!(faults("dev", &with("{ min_acu = 8, max_acu = 4 }")).contains("min_acu 8 is above max_acu 4"));
    assert!(faults("dev", &with("{ min_acu = 0.3, max_acu = 4 }")).contains("in steps of 0.5"));
    assert!(faults("dev", &with("{ instance_class = \"db.t9.giant\" }")).contains("db.t3.medium"));
}

#[test]
fn a_stage_that_does_not_exist_is_refused_with_those_that_do() {
    assert_eq!(faults("prod", DEV), "stage prod:\n  is not a stage; the stages are local, dev, stg, prd");
}

#[test]
fn text_that_is_not_toml_is_refused_with_its_place() {
    assert!(faults("dev", "[network").contains("line 1"));
}
