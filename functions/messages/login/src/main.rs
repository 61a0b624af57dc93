//! `MessagesLogin`: settings, adapters, run. The rules are [`messages_auth::Api`]'s and [`messages_auth::operate`]'s.

use std::process::ExitCode;

use function_http::{ErrorForm, Request, respond};
use function_runtime::{Error, Failure, Function, Invocation, run_events, sdk_config, settings};
use jiff::Timestamp;
use messages_auth::{Api, Keys, Randomness, operate};
use messages_auth_store::{AuthTable, SigningKeysSecret};
use messages_contract::{LOGIN, Login, api_metric};
use messages_login::{Event, Response};
use uuid::Uuid;

fn main() -> ExitCode {
    function_runtime::main(LOGIN.name, run())
}

async fn run() -> Result<(), Error> {
    let settings = settings(Login::read)?;
    let function = Function::new(LOGIN.name, settings.stage, api_metric::NAMESPACE);
    let aws = sdk_config();
    let store = AuthTable::new(aws_sdk_dynamodb::Client::new(&aws), settings.messages_table);
    let secrets = aws_sdk_secretsmanager::Client::new(&aws);
    let keys = Keys::new(SigningKeysSecret::new(secrets, settings.signing_keys_secret_arn));
    let api = Api { store: &store, keys: &keys, issuer: &settings.token_issuer };
    let answer = async |request: Request, invocation: &Invocation| {
        let random = Randomness { token: rand::random(), token_id: Uuid::new_v4(), family: Uuid::new_v4() };
        let (answer, report) = Box::pin(api.respond(&request, &random, Timestamp::now())).await;
        if let Some(report) = report {
            report.write(&function, &function.log().of_request(&invocation.request_id));
        }
        answer
    };
    run_events(&function, async |event: Event, invocation| match event {
        Event::Http(request) => {
            let form = ErrorForm::asked_by(&request);
            Ok(Response::Http(respond(&function, form, &answer, *request, invocation).await))
        }
        Event::Operator(request) => {
            let answer = Box::pin(operate(&store, request, &rand::random(), Timestamp::now())).await;
            answer.map(Response::Operator).map_err(|error| Failure::of(error.is_retryable(), "refused", error))
        }
    })
    .await
}
