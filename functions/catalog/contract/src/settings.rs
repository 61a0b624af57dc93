//! One settings struct per function of the catalog; a field is an environment variable.

use contract::{Authorization, settings};

settings! {
    /// `CreateProductProcessor`: accepts a product over HTTP and queues it. Handles every method of `/products`; needs
    /// `dynamodb:PutItem` and `sqs:SendMessage`, and `secretsmanager:GetSecretValue` for a token.
    CreateProduct / CreateProductEnvironment {
        /// Queue of accepted products (`product-queue-<stage>`).
        sqs_output_url: String = "SQS_OUTPUT_URL",
        /// Table of products and idempotency keys (`ProductTable-<stage>`, key `id`, TTL attribute `expiration`).
        product_table: String = "PRODUCT_TABLE",
        /// Who may add products.
        authorization: Authorization = "AUTHORIZATION",
        /// Secret with the bearer token, a JSON object with the text `password`; `none` when it is not checked.
        token_secret_arn: String = "TOKEN_SECRET_ARN",
        /// Deployment stage.
        stage: String = "STAGE",
    }

    /// `ProductSaverWorker`: writes each accepted product and its report. Needs `dynamodb:GetItem`, `dynamodb:PutItem`,
    /// `s3:PutObject` and, for dead letters, `sqs:SendMessage`.
    ProductSaver / ProductSaverEnvironment {
        /// Queue it consumes (`product-queue-<stage>`).
        sqs_input_url: String = "SQS_INPUT_URL",
        /// Receives that the queue allows, of its redrive policy.
        sqs_max_receive_count: u32 = "SQS_MAX_RECEIVE_COUNT",
        /// Dead-letter queue of the input, for what is given up, with the reason.
        sqs_dead_letter_url: String = "SQS_DEAD_LETTER_URL",
        /// Table of products and idempotency keys (`ProductTable-<stage>`).
        product_table: String = "PRODUCT_TABLE",
        /// Bucket of reports, one object per product with the product's id as its key.
        reports_bucket: String = "REPORTS_BUCKET",
        /// Deployment stage.
        stage: String = "STAGE",
    }

    /// `GetProduct`: reports the state of a product, and serves the API description. Handles every other path too, with a
    /// problem document; needs `dynamodb:GetItem`, and `secretsmanager:GetSecretValue` for a token.
    GetProduct / GetProductEnvironment {
        /// Table of products and idempotency keys (`ProductTable-<stage>`).
        product_table: String = "PRODUCT_TABLE",
        /// Who may read products.
        authorization: Authorization = "AUTHORIZATION",
        /// Secret with the bearer token, a JSON object with the text `password`; `none` when it is not checked.
        token_secret_arn: String = "TOKEN_SECRET_ARN",
        /// Deployment stage.
        stage: String = "STAGE",
    }
}
