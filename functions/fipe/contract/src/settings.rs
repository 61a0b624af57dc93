//! One settings struct per function of the chain; a field is an environment variable.

use contract::settings;

settings! {
    /// `FipeManufacturerLoader`: starts a crawl.
    ManufacturerLoader / ManufacturerLoaderEnvironment {
        /// Queue of brand tasks (`fipe-manufacturer-queue-<stage>`).
        sqs_output_url: String = "SQS_OUTPUT_URL",
        /// Queue of the ingestor, which receives the manifests (`fipe-price-queue-<stage>`).
        sqs_manifest_url: String = "SQS_MANIFEST_URL",
        /// Base address of the FIPE API, with a trailing slash.
        url_fipe: String = "URL_FIPE",
        /// Calls per minute that one instance may make, above 0.
        fipe_calls_per_minute: f64 = "FIPE_CALLS_PER_MINUTE",
        /// Concurrent calls that one instance may have in flight, at least 1.
        fipe_calls_in_flight: u16 = "FIPE_CALLS_IN_FLIGHT",
        /// Deployment stage: local, dev, stg or prd.
        stage: String = "STAGE",
    }

    /// `FipeModelLoader`: lists the models of each brand.
    ModelLoader / ModelLoaderEnvironment {
        /// Queue it consumes; unfinished work is handed over to the same queue.
        sqs_input_url: String = "SQS_INPUT_URL",
        /// Receives that the queue allows, of its redrive policy.
        sqs_max_receive_count: u32 = "SQS_MAX_RECEIVE_COUNT",
        /// Dead-letter queue of the input, for what is given up, with the reason.
        sqs_dead_letter_url: String = "SQS_DEAD_LETTER_URL",
        /// Queue of model tasks (`fipe-model-queue-<stage>`).
        sqs_output_url: String = "SQS_OUTPUT_URL",
        /// Queue of the ingestor, which receives the manifests.
        sqs_manifest_url: String = "SQS_MANIFEST_URL",
        /// Models that one task message carries, 1 to [`MOST_MODELS_PER_MESSAGE`](crate::MOST_MODELS_PER_MESSAGE), chosen
        /// so that a full batch of messages can finish in time.
        models_per_message: u16 = "MODELS_PER_MESSAGE",
        /// Base address of the FIPE API, with a trailing slash.
        url_fipe: String = "URL_FIPE",
        /// Calls per minute that one instance may make, above 0.
        fipe_calls_per_minute: f64 = "FIPE_CALLS_PER_MINUTE",
        /// Concurrent calls that one instance may have in flight, at least 1.
        fipe_calls_in_flight: u16 = "FIPE_CALLS_IN_FLIGHT",
        /// Deployment stage.
        stage: String = "STAGE",
    }

    /// `FipePriceLoader`: asks for the price of each model year and fuel.
    PriceLoader / PriceLoaderEnvironment {
        /// Queue it consumes; unfinished work is handed over to the same queue.
        sqs_input_url: String = "SQS_INPUT_URL",
        /// Receives that the queue allows, of its redrive policy.
        sqs_max_receive_count: u32 = "SQS_MAX_RECEIVE_COUNT",
        /// Dead-letter queue of the input, for what is given up, with the reason.
        sqs_dead_letter_url: String = "SQS_DEAD_LETTER_URL",
        /// Queue of the ingestor (`fipe-price-queue-<stage>`).
        sqs_output_url: String = "SQS_OUTPUT_URL",
        /// Base address of the FIPE API, with a trailing slash.
        url_fipe: String = "URL_FIPE",
        /// Calls per minute that one instance may make, above 0.
        fipe_calls_per_minute: f64 = "FIPE_CALLS_PER_MINUTE",
        /// Concurrent calls that one instance may have in flight, at least 1.
        fipe_calls_in_flight: u16 = "FIPE_CALLS_IN_FLIGHT",
        /// Deployment stage.
        stage: String = "STAGE",
    }

    /// `FipeSomaIngestor`: writes manifests and prices to PostgreSQL.
    SomaIngestor / SomaIngestorEnvironment {
        /// Queue it consumes.
        sqs_input_url: String = "SQS_INPUT_URL",
        /// Receives that the queue allows, of its redrive policy.
        sqs_max_receive_count: u32 = "SQS_MAX_RECEIVE_COUNT",
        /// Dead-letter queue of the input, for what is given up, with the reason.
        sqs_dead_letter_url: String = "SQS_DEAD_LETTER_URL",
        /// Topic that is notified once when a crawl is complete.
        crawl_complete_topic_arn: String = "CRAWL_COMPLETE_TOPIC_ARN",
        /// Host of the cluster's writer endpoint.
        rds_host: String = "RDS_HOST",
        /// Port of the cluster.
        rds_port: u16 = "RDS_PORT",
        /// Database name (`fipedata`).
        rds_database: String = "RDS_DATABASE",
        /// Least-privilege application role (`fipe_app`).
        rds_user: String = "RDS_USER",
        /// TLS of the connection: `verify-full` or, on the stage local only, `disable`.
        rds_tls: String = "RDS_TLS",
        /// Seconds that an invocation may take: what the server may spend on a statement follows from it.
        function_timeout_seconds: u32 = "FUNCTION_TIMEOUT_SECONDS",
        /// PEM file of the certificate authorities to trust, read with `verify-full`.
        rds_ca_bundle: String = "RDS_CA_BUNDLE",
        /// Secret with the application role's password.
        db_secret_arn: String = "DB_SECRET_ARN",
        /// Deployment stage.
        stage: String = "STAGE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_above_nothing() {
        let read = |text: &str| {
            let value = |name: &str| if name == "FIPE_CALLS_PER_MINUTE" { text } else { "2" };
            PriceLoader::read(|name| Some(value(name).to_owned())).map(|settings| settings.fipe_calls_per_minute)
        };
        assert_eq!(read("2.5"), Ok(2.5));
        let expected = r#"settings of PriceLoader: FIPE_CALLS_PER_MINUTE "-1" is not a number above 0"#;
        assert_eq!(read("-1").expect_err("not above 0").to_string(), expected);
    }
}
