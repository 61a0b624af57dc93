//! One settings struct per function; a field is an environment variable.
//!
//! The stack fills the `…Environment<V>` form with template values, the function reads the typed form: a setting that
//! one side forgets does not compile on the other. Owns names and types; refuses defaults, secrets and I/O.

mod settings;

pub use settings::{Setting, SettingsError};

settings::settings! {
    /// `FipeManufacturerLoader`: starts a crawl.
    ManufacturerLoader / ManufacturerLoaderEnvironment {
        /// Queue of brand tasks (`fipe-manufacturer-queue-<stage>`).
        sqs_output_url: String = "SQS_OUTPUT_URL",
        /// Queue of the ingestor, which gets the manifests (`fipe-price-queue-<stage>`).
        sqs_manifest_url: String = "SQS_MANIFEST_URL",
        /// Base address of the FIPE API, with a trailing slash.
        url_fipe: String = "URL_FIPE",
        /// Calls a minute that one instance may make, above 0.
        fipe_calls_per_minute: f64 = "FIPE_CALLS_PER_MINUTE",
        /// Calls that one instance may have under way at once, at least 1.
        fipe_calls_in_flight: u16 = "FIPE_CALLS_IN_FLIGHT",
        /// Deployment stage: local, dev, stg or prd.
        stage: String = "STAGE",
    }

    /// `FipeModelLoader`: lists the models of each brand.
    ModelLoader / ModelLoaderEnvironment {
        /// Queue it consumes; what cannot finish in time is handed on to it again.
        sqs_input_url: String = "SQS_INPUT_URL",
        /// Dead-letter queue of the input, for permanent failures with their reason.
        sqs_dead_letter_url: String = "SQS_DEAD_LETTER_URL",
        /// Queue of model tasks (`fipe-model-queue-<stage>`).
        sqs_output_url: String = "SQS_OUTPUT_URL",
        /// Queue of the ingestor, which gets the manifests.
        sqs_manifest_url: String = "SQS_MANIFEST_URL",
        /// Models that one task message carries, 1 to 100: so many that a full batch of them can finish in time.
        models_per_message: u16 = "MODELS_PER_MESSAGE",
        /// Base address of the FIPE API, with a trailing slash.
        url_fipe: String = "URL_FIPE",
        /// Calls a minute that one instance may make, above 0.
        fipe_calls_per_minute: f64 = "FIPE_CALLS_PER_MINUTE",
        /// Calls that one instance may have under way at once, at least 1.
        fipe_calls_in_flight: u16 = "FIPE_CALLS_IN_FLIGHT",
        /// Deployment stage.
        stage: String = "STAGE",
    }

    /// `FipePriceLoader`: asks for the price of each model year and fuel.
    PriceLoader / PriceLoaderEnvironment {
        /// Queue it consumes; what cannot finish in time is handed on to it again.
        sqs_input_url: String = "SQS_INPUT_URL",
        /// Dead-letter queue of the input, for permanent failures with their reason.
        sqs_dead_letter_url: String = "SQS_DEAD_LETTER_URL",
        /// Queue of the ingestor (`fipe-price-queue-<stage>`).
        sqs_output_url: String = "SQS_OUTPUT_URL",
        /// Base address of the FIPE API, with a trailing slash.
        url_fipe: String = "URL_FIPE",
        /// Calls a minute that one instance may make, above 0.
        fipe_calls_per_minute: f64 = "FIPE_CALLS_PER_MINUTE",
        /// Calls that one instance may have under way at once, at least 1.
        fipe_calls_in_flight: u16 = "FIPE_CALLS_IN_FLIGHT",
        /// Deployment stage.
        stage: String = "STAGE",
    }

    /// `FipeSomaIngestor`: writes manifests and prices to PostgreSQL.
    SomaIngestor / SomaIngestorEnvironment {
        /// Queue it consumes.
        sqs_input_url: String = "SQS_INPUT_URL",
        /// Dead-letter queue of the input, for permanent failures with their reason.
        sqs_dead_letter_url: String = "SQS_DEAD_LETTER_URL",
        /// Topic that is told once when a crawl is complete.
        crawl_complete_topic_arn: String = "CRAWL_COMPLETE_TOPIC_ARN",
        /// Host of the cluster's writer endpoint.
        rds_host: String = "RDS_HOST",
        /// Port of the cluster.
        rds_port: u16 = "RDS_PORT",
        /// Database name (`fipedata`).
        rds_database: String = "RDS_DATABASE",
        /// Least-privilege application role (`fipe_app`).
        rds_user: String = "RDS_USER",
        /// TLS of the connection: `verify-full` or, on the local stage alone, `disable`.
        rds_tls: String = "RDS_TLS",
        /// PEM file of the certificate authorities to trust, read with `verify-full`.
        rds_ca_bundle: String = "RDS_CA_BUNDLE",
        /// Secret with the application role's password.
        db_secret_arn: String = "DB_SECRET_ARN",
        /// Deployment stage.
        stage: String = "STAGE",
    }

    /// `FipeDbInit`: the custom resource that applies `sql/fipe` as the owner.
    DbInit / DbInitEnvironment {
        /// Host of the cluster's writer endpoint.
        rds_host: String = "RDS_HOST",
        /// Port of the cluster.
        rds_port: u16 = "RDS_PORT",
        /// Database name (`fipedata`).
        rds_database: String = "RDS_DATABASE",
        /// TLS of the connection: `verify-full` or, on the local stage alone, `disable`.
        rds_tls: String = "RDS_TLS",
        /// PEM file of the certificate authorities to trust, read with `verify-full`.
        rds_ca_bundle: String = "RDS_CA_BUNDLE",
        /// Secret with the owner's user name and password.
        db_owner_secret_arn: String = "DB_OWNER_SECRET_ARN",
        /// Secret with the application role's user name and password, which db-init sets.
        db_app_secret_arn: String = "DB_APP_SECRET_ARN",
        /// Deployment stage.
        stage: String = "STAGE",
    }

    /// `CreateProductProcessor`: accepts a product over HTTP and queues it. Answers every method of `/products`; needs
    /// `dynamodb:PutItem` and `sqs:SendMessage`.
    CreateProduct / CreateProductEnvironment {
        /// Queue of accepted products (`product-queue-<stage>`).
        sqs_output_url: String = "SQS_OUTPUT_URL",
        /// Table of products and idempotency keys (`ProductTable-<stage>`, key `id`, TTL attribute `expiration`).
        product_table: String = "PRODUCT_TABLE",
        /// Deployment stage.
        stage: String = "STAGE",
    }

    /// `ProductSaverWorker`: writes each accepted product and its report. Needs `dynamodb:GetItem`, `dynamodb:PutItem`,
    /// `s3:PutObject` and, for dead letters, `sqs:SendMessage`.
    ProductSaver / ProductSaverEnvironment {
        /// Queue it consumes (`product-queue-<stage>`).
        sqs_input_url: String = "SQS_INPUT_URL",
        /// Dead-letter queue of the input, for permanent failures with their reason.
        sqs_dead_letter_url: String = "SQS_DEAD_LETTER_URL",
        /// Table of products and idempotency keys (`ProductTable-<stage>`).
        product_table: String = "PRODUCT_TABLE",
        /// Bucket of reports, one object a product with the product's id as its key.
        reports_bucket: String = "REPORTS_BUCKET",
        /// Deployment stage.
        stage: String = "STAGE",
    }

    /// `GetProduct`: answers what became of a product, and the API's own description. Answers every other path too, with a
    /// problem; needs `dynamodb:GetItem`.
    GetProduct / GetProductEnvironment {
        /// Table of products and idempotency keys (`ProductTable-<stage>`).
        product_table: String = "PRODUCT_TABLE",
        /// Deployment stage.
        stage: String = "STAGE",
    }
}
