//! What the settings of a stage may say, and how wrong ones are answered.

use std::path::Path;

use system::{Safeguards, StageName};
use systems::{ConfiguredStage, Files, SYSTEMS};

fn committed(stage: &str) -> Files {
    systems::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")), stage).expect("readable")
}

/// The committed settings of dev with `written` replaced in one file.
fn changed(file: &str, written: &str, other: &str) -> Files {
    let mut files = committed("dev");
    let text = files.get_mut(file).expect(file);
    assert!(text.contains(written), "{written:?} is not in {file}");
    *text = text.replace(written, other);
    files
}

fn faults(stage: &str, files: &Files) -> String {
    match ConfiguredStage::parse(stage, files) {
        Ok(_) => panic!("it is taken"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_known_one() {
    let files = changed("fipe.toml", "backup_days", "backup_dayz");
    assert_eq!(
        faults("dev", &files),
        "stage dev:\n  fipe.toml database.backup_days is missing; it is a whole number of days from 1 to 35\
         \n  fipe.toml database.backup_dayz is not a known key; did you mean \"backup_days\"?"
    );
}

#[test]
fn all_faults_of_all_files_are_told_at_once() {
    let mut files = changed("fipe.toml", "timeout_seconds = 300", "timeout_seconds = 901");
    let stage = files.get_mut("stage.toml").expect("shared settings");
    *stage = stage
        .replace("\"x86_64\"", "\"riscv\"")
        .replace("public_access = true", "public_access = 1")
        .replace("termination = false", "termination = \"no\"")
        .replace("[tags]", "[tags]\nStage = \"x\"");
    let catalog = files.get_mut("catalog.toml").expect("settings of the catalog");
    *catalog = catalog.replace("requests_per_second = 50", "requests_per_second = 0");
    let message = faults("dev", &files);
    for expected in [
        "fipe.toml price-loader.timeout_seconds 901 is not a whole number of seconds from 1 to 900",
        "fipe.toml soma-ingestor.timeout_seconds 901",
        "stage.toml functions.architecture \"riscv\" is not one of \"arm64\", \"x86_64\"",
        "stage.toml network.public_access 1 is not true or false",
        "stage.toml protection.termination \"no\" is not true or false",
        "stage.toml tags.Stage is set by the stacks; leave it out",
        "catalog.toml requests_per_second 0 is not a whole number",
    ] {
        assert!(message.contains(expected), "{expected:?} is not in\n{message}");
    }
}

#[test]
fn a_system_without_its_file_is_refused_and_so_is_a_file_without_its_system() {
    for system in SYSTEMS {
        let file = format!("{}.toml", system.name());
        let mut files = committed("dev");
        let text = files.remove(&file).expect("every system has settings on dev");
        match system.is_optional() {
            true => assert!(ConfiguredStage::parse("dev", &files).is_ok(), "{file} may be left out"),
            false => assert_eq!(faults("dev", &files), format!("stage dev:\n  {file} is missing")),
        }
        files.insert(format!("x{file}"), text);
        assert!(faults("dev", &files).contains(&format!("did you mean {file}?")), "{file}");
    }
    let mut files = committed("dev");
    files.remove("stage.toml");
    assert_eq!(faults("dev", &files), "stage dev:\n  stage.toml is missing");
}

#[test]
fn plain_text_connections_are_refused_outside_the_local_stage() {
    let files = changed("fipe.toml", "\"verify-full\"", "\"disable\"");
    assert!(faults("dev", &files).contains("fipe.toml database.tls \"disable\" is allowed on the stage local only"));
    assert!(committed("local")["fipe.toml"].contains("tls = \"disable\""));
    assert!(ConfiguredStage::parse("local", &committed("local")).is_ok());
}

#[test]
fn the_stages_that_people_rely_on_are_protected() {
    let protection = |name: StageName| {
        let stage = ConfiguredStage::parse(name.as_str(), &committed(name.as_str()));
        stage.unwrap_or_else(|error| panic!("{error}")).stage.protection
    };
    let (on, off) =
        (Safeguards { termination: true, stack_policy: true }, Safeguards { termination: false, stack_policy: false });
    assert_eq!(StageName::ALL.map(protection), [off, off, on, on]);
}

#[test]
fn a_pipeline_is_one_repository_and_never_on_the_stage_local() {
    let with = |repository: &str| changed("delivery.toml", "<owner>/<repository>", repository);
    assert!(ConfiguredStage::parse("dev", &with("Acme-1@583231/fipe.prices_2@1296269")).is_ok());
    let by_names = |repository: &str| {
        changed("delivery.toml", "\"<owner>/<repository>\"", &format!("\"{repository}\"\nnames_alone = true"))
    };
    assert!(ConfiguredStage::parse("dev", &by_names("Acme-1/fipe.prices_2")).is_ok());
    assert!(faults("dev", &by_names("acme@1/fipe@2")).contains("by its names"), "the subject is the one or the other");
    for wrong in [
        "acme@1",
        "acme@1/",
        "/fipe@2",
        "acme@1/*@2",
        "*@1/fipe@2",
        "acme@1/fipe@2/x",
        "acme@1/fipe@2:ref",
        "acme@1/fi?e@2",
        "<owner>/fipe",
        "acme@/fipe@2",
        "acme@x/fipe@2",
        "acme/fipe@2",
        "acme/fipe",
    ] {
        let message = faults("dev", &with(wrong));
        assert!(
            message.contains("delivery.toml repository") && message.contains("owner@583231/name@1296269"),
            "{wrong}: {message}"
        );
    }
    let mut local = committed("local");
    local.insert("delivery.toml".to_owned(), committed("dev")["delivery.toml"].clone());
    assert_eq!(faults("local", &local), "stage local:\n  delivery.toml is for stages on AWS; leave the file out");
}

#[test]
fn serverless_capacity_is_read_and_its_bounds_are_checked() {
    let with = |capacity: &str| changed("fipe.toml", "{ instance_class = \"db.t3.medium\" }", capacity);
    assert!(ConfiguredStage::parse("dev", &with("{ min_acu = 0.5, max_acu = 4 }")).is_ok());
    assert!(faults("dev", &with("{ min_acu = 8, max_acu = 4 }")).contains("min_acu 8 is above max_acu 4"));
    assert!(faults("dev", &with("{ min_acu = 0.3, max_acu = 4 }")).contains("in steps of 0.5"));
    assert!(faults("dev", &with("{ instance_class = \"db.t9.giant\" }")).contains("db.t3.medium"));
}

#[test]
fn what_a_stage_says_of_the_catalog_is_checked() {
    for (written, wrong, fault) in [
        (
            "api_address = \"host\"",
            "api_address = \"path\"",
            "catalog.toml api_address \"path\" is supported by the emulator only",
        ),
        (
            "[\"http://localhost:3000\"]",
            "[\"localhost\"]",
            "catalog.toml allowed_origins [\"localhost\"] is not a list of origins",
        ),
        ("[\"http://localhost:3000\"]", "\"*\"", "catalog.toml allowed_origins \"*\" is not a list of origins"),
        ("burst_requests", "burst_request", "did you mean \"burst_requests\"?"),
    ] {
        let message = faults("dev", &changed("catalog.toml", written, wrong));
        assert!(message.contains(fault), "{wrong}: {message}");
    }
}

#[test]
fn what_a_stage_says_of_the_analytics_is_checked() {
    for (written, wrong, fault) in [
        (
            "reject_above_percent = 50",
            "reject_above_percent = 101",
            "analytics.toml reject_above_percent 101 is not a whole number of percent from 1 to 100",
        ),
        (
            "writing = \"token\"",
            "writing = \"password\"",
            "analytics.toml api.authorization.writing \"password\" is not one of \"none\", \"iam\", \"token\"",
        ),
        ("authorization", "authorisation", "did you mean \"authorization\"?"),
        (
            "api_address = \"host\"",
            "api_address = \"path\"",
            "analytics.toml api.api_address \"path\" is supported by the emulator only",
        ),
    ] {
        let message = faults("dev", &changed("analytics.toml", written, wrong));
        assert!(message.contains(fault), "{wrong}: {message}");
    }
}

#[test]
fn one_word_says_in_every_api_who_may_use_it_and_nobody_writes_unasked_where_people_rely_on_it() {
    let with = |stage: &str, file: &str, written: &str, other: &str| {
        let mut files = committed(stage);
        let text = files.get_mut(file).expect(file);
        assert!(text.contains(written), "{written:?} is not in {file} of {stage}");
        *text = text.replace(written, other);
        files
    };
    for file in ["catalog.toml", "analytics.toml"] {
        for other in ["none", "iam"] {
            let of = |stage| with(stage, file, "writing = \"token\"", &format!("writing = \"{other}\""));
            assert!(ConfiguredStage::parse("dev", &of("dev")).is_ok(), "{file}: {other}");
            assert_eq!(ConfiguredStage::parse("prd", &of("prd")).is_ok(), other == "iam", "{file}: {other}");
        }
        let message = faults("prd", &with("prd", file, "writing = \"token\"", "writing = \"none\""));
        assert!(message.contains("authorization.writing \"none\" lets anyone write on a protected stage"), "{message}");
        let message = faults("local", &with("local", file, "writing = \"none\"", "writing = \"iam\""));
        assert!(message.contains("authorization.writing \"iam\" is not checked by the emulator"), "{message}");
    }
    for other in ["none", "iam"] {
        let other = format!("writing = \"{other}\"");
        let message = faults("dev", &with("dev", "messages.toml", "writing = \"token\"", &other));
        assert!(message.contains("is not \"token\""), "{message}");
    }
}

#[test]
fn somebody_hears_of_the_alarms_of_a_stage_that_people_rely_on() {
    let with = |stage: &str, written: &str, other: &str| {
        let mut files = committed(stage);
        let text = files.get_mut("stage.toml").expect("shared settings");
        assert!(text.contains(written), "{written:?} is not in stage.toml of {stage}");
        *text = text.replace(written, other);
        files
    };
    let message = faults("prd", &with("prd", "asks_for_email = true", "asks_for_email = false"));
    assert!(message.contains("stage.toml alarms.asks_for_email false, without emails and https,"), "{message}");
    let named =
        "emails = [\"team@shop.example\"]\nhttps = [\"https://pager.example/alarms\"]\nasks_for_email = false\n#";
    let mut files = with("prd", "emails = []", "#");
    let text = files.get_mut("stage.toml").expect("shared settings");
    *text = text.replace("https = []", "#").replace("asks_for_email = true", named);
    let stacks = ConfiguredStage::parse("prd", &files).expect("valid").synth().expect("nothing is refused");
    let catalog = stacks.iter().find(|stack| stack.name == "Catalog").expect("it is there").template.to_yaml();
    for expected in [
        "Endpoint: team@shop.example",
        "Endpoint: https://pager.example/alarms",
        "QueueName: catalog-alarms-dlq-1-prd",
        "AlarmHttps1UndeliveredAlarm:",
    ] {
        assert!(catalog.contains(expected), "{expected}");
    }
    assert!(!catalog.contains("AlarmEmail:"), "nobody is asked for an address");
    for (written, wrong) in [
        ("emails = []", "emails = [\"team\"]"),
        ("emails = []", "emails = [\"team@shop\"]"),
        ("emails = []", "emails = [\"a@shop.example, b@shop.example\"]"),
        ("https = []", "https = [\"http://pager.example\"]"),
        ("https = []", "https = [\"https://user:password@pager.example\"]"),
    ] {
        assert!(faults("dev", &with("dev", written, wrong)).contains("is not a list of addresses"), "{wrong}");
    }
}

#[test]
fn addresses_in_access_logs_are_not_kept_for_longer_than_a_month() {
    let with = |days: u32| {
        let mut files = committed("dev");
        let text = files.get_mut("stage.toml").expect("shared settings");
        *text = text.replace("access_log_retention_days = 14", &format!("access_log_retention_days = {days}"));
        files
    };
    assert!(ConfiguredStage::parse("dev", &with(30)).is_ok());
    let message = faults("dev", &with(60));
    assert!(
        message.contains("stage.toml apis.access_log_retention_days 60 is not a whole number of days from 1 to 30")
    );
    assert!(faults("dev", &with(15)).contains("15 is not what CloudWatch Logs knows"));
}

#[test]
fn a_stage_that_does_not_exist_is_refused_with_those_that_do() {
    let message = faults("prod", &committed("dev"));
    assert_eq!(message, "stage prod:\n  is not a stage; the stages are local, dev, stg, prd");
}

#[test]
fn text_that_is_not_toml_is_refused_with_its_place() {
    let mut files = committed("dev");
    files.insert("stage.toml".to_owned(), "[network".to_owned());
    let message = faults("dev", &files);
    assert!(message.contains("stage.toml is not TOML") && message.contains("line 1"), "{message}");
}

#[test]
fn a_stage_counts_what_every_system_may_run_at_once() {
    let instances = |files: &Files| ConfiguredStage::parse("dev", files).expect("valid").concurrency();
    let committed = instances(&committed("dev"));
    for (file, written, other, more) in [
        (
            "fipe.toml",
            "[price-loader]\nmemory_mb = 256\ntimeout_seconds = 300\nmax_concurrency = 2",
            "max_concurrency = 5",
            3,
        ),
        ("catalog.toml", "max_concurrency = 2", "max_concurrency = 4", 2),
        ("catalog.toml", "burst_requests = 100", "burst_requests = 150", 50),
        ("analytics.toml", "max_concurrency = 2\n", "max_concurrency = 3\n", 1),
        ("analytics.toml", "max_concurrency = 20 ", "max_concurrency = 30 ", 10),
    ] {
        let last = written.lines().last().expect("a line");
        let files = changed(file, written, &written.replace(last, other));
        assert_eq!(instances(&files), committed + more, "{file}: {other}");
    }
}
