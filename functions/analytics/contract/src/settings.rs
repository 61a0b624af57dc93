//! One settings struct per function; a field is an environment variable.

use contract::{Authorization, settings};

settings! {
    /// `CsvImporter`: reads uploaded files into PostgreSQL. Needs `s3:GetObject` and `s3:GetObjectVersion` on the bucket, and `sqs:SendMessage` on its own queue, for
    /// what is left of a file, and on the dead-letter queue.
    CsvImporter / CsvImporterEnvironment {
        /// Queue it consumes (`csv-processing-queue-<stage>`); the rest of a long file is handed over to it.
        sqs_input_url: String = "SQS_INPUT_URL",
        /// Receives that the queue allows, of its redrive policy.
        sqs_max_receive_count: u32 = "SQS_MAX_RECEIVE_COUNT",
        /// Dead-letter queue of the input, for what is given up, with the reason.
        sqs_dead_letter_url: String = "SQS_DEAD_LETTER_URL",
        /// A file with more rejected rows than this share is rejected as a whole, in percent, 1 to 100.
        reject_above_percent: u16 = "REJECT_ABOVE_PERCENT",
        /// Host of the cluster's writer endpoint.
        rds_host: String = "RDS_HOST",
        /// Port of the cluster.
        rds_port: u16 = "RDS_PORT",
        /// Database name (`analytics`).
        rds_database: String = "RDS_DATABASE",
        /// Least-privilege application role (`analytics_app`).
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

    /// `AnalyticsApi`: the HTTP API. Handles every path; needs `s3:PutObject` on the bucket, since the addresses that it signs act in its name.
    AnalyticsApi / AnalyticsApiEnvironment {
        /// Bucket that files are uploaded to.
        uploads_bucket: String = "UPLOADS_BUCKET",
        /// Who may announce and revert uploads.
        authorization_writing: Authorization = "AUTHORIZATION_WRITING",
        /// Who may read.
        authorization_reading: Authorization = "AUTHORIZATION_READING",
        /// Secret with the bearer token, a JSON object with the text `password`; `none` when nothing is authorised by a token.
        token_secret_arn: String = "TOKEN_SECRET_ARN",
        /// Host of the cluster's writer endpoint.
        rds_host: String = "RDS_HOST",
        /// Port of the cluster.
        rds_port: u16 = "RDS_PORT",
        /// Database name (`analytics`).
        rds_database: String = "RDS_DATABASE",
        /// Least-privilege application role (`analytics_app`).
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
