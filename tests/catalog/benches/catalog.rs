//! Measures what clients of the catalog wait for on a fresh local cloud, beside an empty function behind the same kind of API,
//! which is what the local cloud itself takes. Meanwhile a tenth of the messages is sent again and the worker is killed
//! twice; then every accepted product must be there once, with its report. Exits 1 when one is not, or when a limit is exceeded.
//!
//! `make bench` builds what it needs.

#![expect(clippy::print_stdout, reason = "a bench reports on stdout")]

use std::io::{Cursor, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use aws_sdk_cloudformation::types::Capability;
use catalog_tests::load::Load;
use catalog_tests::{Catalog, DEAD, cup};
use serde_json::json;
use test_harness::Cloud;
use test_harness::clients::{from_clients, percentile};

const LOAD: Load = Load { products: 2_000, clients: 20, redelivered: 10, kills: 2 };
/// So that the time for starting functions is not counted, here and there.
const WARM_UP: usize = 200;
/// POST may take so many times what an empty function takes: it makes two calls of the same emulator.
const TIMES_THE_FLOOR: f64 = 5.0;
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";
const STACK: &str = "Floor";

fn main() -> ExitCode {
    rustls::crypto::ring::default_provider().install_default().ok();
    // This program is the empty function as well, where a cloud starts it as one.
    let outcome = match std::env::var(RUNTIME_API) {
        Ok(api) => empty_function(&api),
        Err(_) => measure(),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> anyhow::Result<bool> {
    let cloud = Cloud::start("catalog-bench")?;
    let measured = on(&cloud);
    cloud.stop()?;
    measured
}

fn on(cloud: &Cloud) -> anyhow::Result<bool> {
    let catalog = Catalog::find(cloud)?;
    let floor = floor(cloud, &catalog)?;

    posts(cloud, format!("{}/products", catalog.url), WARM_UP)?;
    cloud.wait(catalog.come_back_after(5))?;
    let measured = LOAD.run(cloud, &catalog)?;
    ensure!(cloud.depth(DEAD)? == 0, "dead letters: {:?}", cloud.drain(DEAD)?);

    let Load { products, clients, .. } = LOAD;
    println!("{products} POSTs from {clients} clients, on a local cloud    p50        p99");
    for (what, times) in [("POST /products", &measured.answers), ("an empty function: the floor", &floor)] {
        let [half, most] = [50, 99].map(|percent| percentile(times, percent).as_secs_f64() * 1e3);
        println!("{what:<50} {half:>6.1} ms  {most:>6.1} ms");
    }
    println!(
        "{products} accepted in {:.1} s and saved after {:.1} s: each once, with its report; {} messages sent again, {:?} workers killed",
        measured.accepted_after.as_secs_f64(),
        measured.saved_after.as_secs_f64(),
        measured.redelivered,
        measured.killed,
    );
    let ratio = percentile(&measured.answers, 50).as_secs_f64() / percentile(&floor, 50).as_secs_f64().max(1e-6);
    let verdict = if ratio <= TIMES_THE_FLOOR { "ok" } else { "OVER" };
    println!("p50 of POST beside the floor: {ratio:.1} times, limit {TIMES_THE_FLOOR:.0}  {verdict}");
    Ok(ratio <= TIMES_THE_FLOOR)
}

fn floor(cloud: &Cloud, catalog: &Catalog) -> anyhow::Result<Vec<Duration>> {
    // Next to the functions of the stage.
    let asset = "infra-assets-000000000000-us-east-1/empty-function.zip";
    let put = cloud.http.put(format!("{}/{asset}", cloud.endpoint)).body(archive()?).send();
    let status = cloud.wait(put)?.status();
    ensure!(status.is_success(), "the empty function is not uploaded: {status}");
    let (bucket, key) = asset.split_once('/').context("bucket and key")?;
    let template = json!({"Resources": {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]}}},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": {
            "Code": {"S3Bucket": bucket, "S3Key": key}, "Handler": "bootstrap", "Runtime": "provided.al2023",
            "MemorySize": 256, "Timeout": 5, "Role": {"Fn::GetAtt": ["Role", "Arn"]}}},
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "floor", "ProtocolType": "HTTP"}},
        "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {"ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": true}},
        "Integration": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {
            "ApiId": {"Ref": "Api"}, "IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0",
            "IntegrationUri": {"Fn::GetAtt": ["Function", "Arn"]}}},
        "Route": {"Type": "AWS::ApiGatewayV2::Route", "Properties": {
            "ApiId": {"Ref": "Api"}, "RouteKey": "POST /products", "Target": {"Fn::Sub": "integrations/${Integration}"}}},
    }, "Outputs": {"Id": {"Value": {"Ref": "Api"}}}});
    let create = cloud.cloudformation.create_stack().stack_name(STACK).template_body(template.to_string());
    cloud.wait(create.capabilities(Capability::CapabilityIam).send())?;
    let mut id = String::new();
    cloud.until("the empty function", Duration::from_secs(30), || {
        let described = cloud.wait(cloud.cloudformation.describe_stacks().stack_name(STACK).send())?;
        let output = described.stacks().first().and_then(|stack| stack.outputs().first());
        id = output.and_then(|output| output.output_value()).unwrap_or_default().to_owned();
        Ok(!id.is_empty())
    })?;
    let (apis, _) = catalog.url.rsplit_once('/').context("the API's address")?;
    let url = format!("{apis}/{id}/products");
    posts(cloud, url.clone(), WARM_UP)?;
    posts(cloud, url, LOAD.products)
}

/// How long so many POSTs took, sorted.
fn posts(cloud: &Cloud, url: String, number: usize) -> anyhow::Result<Vec<Duration>> {
    let http = cloud.http.clone();
    let call = move |index: usize| {
        let request = http.post(&url).json(&cup(&format!("Cup {index}")));
        async move {
            let sent = Instant::now();
            let answer = request.send().await?;
            let status = answer.status();
            let text = answer.text().await?;
            ensure!(status.as_u16() == 202, "answered with {status}: {text}");
            Ok((sent.elapsed(), ()))
        }
    };
    Ok(cloud.wait(from_clients(LOAD.clients, number, call))?.0)
}

/// This program as a function's archive.
fn archive() -> anyhow::Result<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("bootstrap", options.unix_permissions(0o755))?;
    zip.write_all(&std::fs::read(std::env::current_exe()?)?)?;
    Ok(zip.finish()?.into_inner())
}

/// Answers every request with 202, and writes a line, which the emulator waits for.
fn empty_function(api: &str) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (http, invocations) = (reqwest::Client::new(), format!("http://{api}/2018-06-01/runtime/invocation"));
        let answer =
            json!({"statusCode": 202, "headers": {"content-type": "application/json"}, "body": "{}"}).to_string();
        loop {
            let next = http.get(format!("{invocations}/next")).send().await?;
            let id = next.headers().get("lambda-runtime-aws-request-id").and_then(|id| id.to_str().ok());
            let id = id.context("an invocation without an id")?.to_owned();
            next.bytes().await?;
            println!("{{}}");
            http.post(format!("{invocations}/{id}/response")).body(answer.clone()).send().await?.bytes().await?;
        }
    })
}
